-- Purpose: what people set for themselves, and what others set for them.
-- Guarantee: a channel that is there already, or comes by SQL, counts as set by its own account.
-- Parameters: none.

ALTER TABLE tollgate.alert_channel ADD COLUMN set_by_another boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN tollgate.alert_channel.set_by_another IS 'True: an administrator, by the API, said where this channel of an account goes. Then it is told everything but links that decide in the account''s name.';

-- Lists of tokens, the newest first, a page at a time.
CREATE INDEX token_account_by_time ON tollgate.token (account, created_at, id);
CREATE INDEX token_by_time ON tollgate.token (created_at, id);

-- How many tokens of an account work.
CREATE INDEX token_account_by_end ON tollgate.token (account, expires_at);

-- How many tests were made within an hour.
CREATE INDEX alert_event_tests ON tollgate.alert_event (at) WHERE type = 'test';
