-- Purpose: what the watch over tokens, grants, requests and refusals looks things up by, and on which networks a token is in use.
-- Guarantee: no row that is there is changed. What traffic changes is kept apart from the rows of policy.
-- Parameters: none.

CREATE INDEX token_by_end ON tollgate.token (expires_at);
CREATE INDEX grant_by_end ON tollgate.grant (ends_at);
CREATE INDEX quota_request_by_end ON tollgate.quota_request (ends_at) WHERE state = 'open';
CREATE INDEX quota_request_by_decision ON tollgate.quota_request (decided_at);
CREATE INDEX policy_change_by_author ON tollgate.policy_change (by, id);
CREATE INDEX policy_change_by_time ON tollgate.policy_change (at);
CREATE INDEX refusal_hour_by_project ON tollgate.refusal_hour (project, hour);
CREATE INDEX alert_event_standing_conditions ON tollgate.alert_event (type, key)
  WHERE ended_at IS NULL AND type IN ('policy_quarantined', 'ledger_lag');
CREATE INDEX alert_event_ended_conditions ON tollgate.alert_event (type, key, ended_at)
  WHERE ended_at IS NOT NULL AND type IN ('policy_quarantined', 'ledger_lag');

ALTER TABLE tollgate.token ADD COLUMN replaced_by tollgate.slug;
COMMENT ON COLUMN tollgate.token.replaced_by IS 'Set: rotated, and this token took its place. Nobody is told that such a token expires.';

CREATE TABLE tollgate.token_network (
  token   text        NOT NULL,
  network text        NOT NULL,
  seen_at timestamptz NOT NULL,
  CONSTRAINT token_network_has_one_row_per_network PRIMARY KEY (token, network)
);
CREATE INDEX token_network_by_time ON tollgate.token_network (seen_at);
COMMENT ON TABLE tollgate.token_network IS 'From which networks the tokens of people were used in the last hour, as far as it is booked. Forgotten an hour later.';
COMMENT ON COLUMN tollgate.token_network.token IS 'Id of the token.';
COMMENT ON COLUMN tollgate.token_network.network IS 'The first three numbers of an IPv4 address, or an IPv6 /64.';
COMMENT ON COLUMN tollgate.token_network.seen_at IS 'When it last paid for a request from there.';
