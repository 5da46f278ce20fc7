-- Purpose: asking for more, deciding, and what comes of it.
-- Guarantee: nobody decides their own request, also not by SQL; a request is decided once; an approved one names its grant. Recorded and
--            versioned as every row of policy, so that the audit is one table.

CREATE TABLE tollgate.quota_request (
  id tollgate.slug NOT NULL CONSTRAINT quota_request_id_is_unique PRIMARY KEY,
  asked_by tollgate.slug NOT NULL CONSTRAINT quota_request_asker_exists REFERENCES tollgate.account ON UPDATE CASCADE ON DELETE CASCADE,
  limit_name tollgate.slug NOT NULL,
  account tollgate.slug CONSTRAINT quota_request_account_exists REFERENCES tollgate.account ON UPDATE CASCADE ON DELETE CASCADE,
  project tollgate.slug CONSTRAINT quota_request_project_exists REFERENCES tollgate.project ON UPDATE CASCADE ON DELETE CASCADE,
  department tollgate.slug CONSTRAINT quota_request_department_exists REFERENCES tollgate.department ON UPDATE CASCADE ON DELETE CASCADE,
  amount numeric(19,3) NOT NULL,
  ends_at timestamptz NOT NULL,
  reason text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'open',
  asked_at timestamptz NOT NULL DEFAULT now(),
  decided_by tollgate.slug,
  decided_at timestamptz,
  decision_note text NOT NULL DEFAULT '',
  grant_id tollgate.slug,
  CONSTRAINT quota_request_is_for_one_thing CHECK (num_nonnulls(account, project, department) = 1),
  CONSTRAINT quota_request_amount_is_positive CHECK (amount > 0),
  CONSTRAINT quota_request_amount_is_counted_exactly CHECK (amount <= 4503599627370496),
  CONSTRAINT quota_request_ends_after_it_is_asked CHECK (isfinite(ends_at) AND isfinite(asked_at) AND ends_at > asked_at),
  CONSTRAINT quota_request_ends_within_400_days CHECK (ends_at <= asked_at + interval '400 days'),
  CONSTRAINT quota_request_reason_is_short CHECK (length(reason) <= 500),
  CONSTRAINT quota_request_decision_note_is_short CHECK (length(decision_note) <= 500),
  CONSTRAINT quota_request_state_is_known CHECK (state IN ('open', 'approved', 'declined', 'withdrawn', 'expired')),
  CONSTRAINT quota_request_is_decided_with_a_time CHECK ((state = 'open') = (decided_at IS NULL)),
  CONSTRAINT quota_request_approved_has_a_grant CHECK ((state = 'approved') = (grant_id IS NOT NULL)),
  CONSTRAINT nobody_decides_their_own_request CHECK (
    state NOT IN ('approved', 'declined') OR (decided_by IS DISTINCT FROM asked_by AND (account IS NULL OR decided_by IS DISTINCT FROM account)))
);
CREATE INDEX quota_request_asked_by ON tollgate.quota_request (asked_by, asked_at);
CREATE INDEX quota_request_open ON tollgate.quota_request (asked_at) WHERE state = 'open';
COMMENT ON TABLE tollgate.quota_request IS 'People asking for more of a limit, and what became of it.';
COMMENT ON COLUMN tollgate.quota_request.id IS 'Name of this row.';
COMMENT ON COLUMN tollgate.quota_request.asked_by IS 'The account that asks.';
COMMENT ON COLUMN tollgate.quota_request.limit_name IS 'limit_rule.name of the limit.';
COMMENT ON COLUMN tollgate.quota_request.account IS 'For this account. Exactly one of account, project and department is set.';
COMMENT ON COLUMN tollgate.quota_request.project IS 'For each account of this project.';
COMMENT ON COLUMN tollgate.quota_request.department IS 'For each account of this department.';
COMMENT ON COLUMN tollgate.quota_request.amount IS 'How much more, in the unit of limit_rule.amount.';
COMMENT ON COLUMN tollgate.quota_request.ends_at IS 'Until when.';
COMMENT ON COLUMN tollgate.quota_request.reason IS 'What for, in the asker''s words.';
COMMENT ON COLUMN tollgate.quota_request.state IS 'open, approved, declined, withdrawn by the asker, or expired: ends_at came before a decision.';
COMMENT ON COLUMN tollgate.quota_request.asked_at IS 'When.';
COMMENT ON COLUMN tollgate.quota_request.decided_by IS 'The account that decided; NULL: the operator, by command line or SQL. Never who asked, nor whom it is for.';
COMMENT ON COLUMN tollgate.quota_request.decided_at IS 'When it was decided, withdrawn or expired.';
COMMENT ON COLUMN tollgate.quota_request.decision_note IS 'What the decider says to the asker.';
COMMENT ON COLUMN tollgate.quota_request.grant_id IS 'The grant that an approval made.';

CREATE TRIGGER insert_is_recorded AFTER INSERT ON tollgate.quota_request REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER update_is_recorded AFTER UPDATE ON tollgate.quota_request REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER delete_is_recorded AFTER DELETE ON tollgate.quota_request REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER truncate_is_recorded BEFORE TRUNCATE ON tollgate.quota_request
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);

CREATE TABLE tollgate.decision_link (
  digest text NOT NULL CONSTRAINT decision_link_digest_is_unique PRIMARY KEY,
  request tollgate.slug NOT NULL CONSTRAINT decision_link_request_exists REFERENCES tollgate.quota_request ON UPDATE CASCADE ON DELETE CASCADE,
  decider tollgate.slug NOT NULL CONSTRAINT decision_link_decider_exists REFERENCES tollgate.account ON UPDATE CASCADE ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT decision_link_digest_is_sha256_in_hex CHECK (digest ~ '^[0-9a-f]{64}$'),
  CONSTRAINT decision_link_lives_24_hours_at_most CHECK (expires_at > created_at AND expires_at <= created_at + interval '24 hours')
);
CREATE INDEX decision_link_expiry ON tollgate.decision_link (expires_at);
COMMENT ON TABLE tollgate.decision_link IS 'Links in a decider''s own mail that decide one request, once.';
COMMENT ON COLUMN tollgate.decision_link.digest IS 'SHA-256 of the link''s secret, lower-case hex; the secret itself is only in the mail.';
COMMENT ON COLUMN tollgate.decision_link.request IS 'The request it decides.';
COMMENT ON COLUMN tollgate.decision_link.decider IS 'Whose mail it is in: decides in this account''s name.';
COMMENT ON COLUMN tollgate.decision_link.created_at IS 'When it was made.';
COMMENT ON COLUMN tollgate.decision_link.expires_at IS 'From this instant on it decides nothing.';
COMMENT ON COLUMN tollgate.decision_link.used_at IS 'Set: it decided.';

CREATE TABLE tollgate.idempotency_key (
  caller text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  status smallint,
  body text,
  CONSTRAINT idempotency_key_is_used_once_by_a_caller PRIMARY KEY (caller, key),
  CONSTRAINT idempotency_key_is_short CHECK (length(key) BETWEEN 1 AND 255)
);
CREATE INDEX idempotency_key_by_time ON tollgate.idempotency_key (created_at);
COMMENT ON TABLE tollgate.idempotency_key IS 'Writes by the API that carried an Idempotency-Key: the same again within a day is answered as the first was, and does nothing.';
COMMENT ON COLUMN tollgate.idempotency_key.caller IS 'The account that called.';
COMMENT ON COLUMN tollgate.idempotency_key.key IS 'What it sent.';
COMMENT ON COLUMN tollgate.idempotency_key.fingerprint IS 'SHA-256 of method, path and body: the same key with another request is refused.';
COMMENT ON COLUMN tollgate.idempotency_key.created_at IS 'When it was first sent.';
COMMENT ON COLUMN tollgate.idempotency_key.status IS 'What was answered; NULL: still at work.';
COMMENT ON COLUMN tollgate.idempotency_key.body IS 'What was answered, without secrets: a new token is shown once.';

-- Prepaid packs, and a plan's bridge.
ALTER TABLE tollgate.grant DROP CONSTRAINT grant_kind_is_raise;
ALTER TABLE tollgate.grant ADD CONSTRAINT grant_kind_is_known CHECK (kind IN ('raise', 'pack'));
ALTER TABLE tollgate.grant ADD COLUMN spent numeric(19,3) NOT NULL DEFAULT 0;
ALTER TABLE tollgate.grant ADD CONSTRAINT grant_spent_is_a_part_of_it CHECK (spent >= 0 AND spent <= CASE kind WHEN 'pack' THEN amount ELSE 0 END);
ALTER TABLE tollgate.grant ADD CONSTRAINT grant_pack_is_for_an_account CHECK (kind <> 'pack' OR account IS NOT NULL);
COMMENT ON COLUMN tollgate.grant.kind IS 'raise: amount more in every window from starts_at to ends_at. pack: a prepaid amount that is spent before the limit''s own, once, over all windows from starts_at to ends_at.';
COMMENT ON COLUMN tollgate.grant.spent IS 'Only packs: how much of it went in windows that are over, written when a window ends. A running window has the rest.';
ALTER TABLE tollgate.plan ADD COLUMN bridge_percent integer NOT NULL DEFAULT 0;
ALTER TABLE tollgate.plan ADD CONSTRAINT plan_bridge_percent_is_0_to_100 CHECK (bridge_percent BETWEEN 0 AND 100);
COMMENT ON COLUMN tollgate.plan.bridge_percent IS 'How much of a quota its accounts may take once per window without being asked why. 0: nothing.';
CREATE TABLE tollgate.pack (
  id tollgate.slug NOT NULL CONSTRAINT pack_id_is_unique PRIMARY KEY,
  limit_name tollgate.slug NOT NULL,
  amount numeric(19,3) NOT NULL,
  lasts text NOT NULL,
  price numeric(12,2),
  currency text,
  note text NOT NULL DEFAULT '',
  CONSTRAINT pack_amount_is_positive CHECK (amount > 0 AND amount <= 4503599627370496),
  CONSTRAINT pack_lasts_a_day_or_a_month CHECK (lasts IN ('day', 'month')),
  CONSTRAINT pack_price_has_a_currency CHECK ((price IS NULL) = (currency IS NULL) AND price >= 0 AND currency ~ '^[A-Z]{3}$'),
  CONSTRAINT pack_note_is_short CHECK (length(note) <= 500)
);
COMMENT ON TABLE tollgate.pack IS 'Packs that can be given to an account: tollgate grant pack makes a row of grant from one.';
COMMENT ON COLUMN tollgate.pack.id IS 'Name of the pack, such as vip-day.';
COMMENT ON COLUMN tollgate.pack.limit_name IS 'limit_rule.name of the limit it adds to.';
COMMENT ON COLUMN tollgate.pack.amount IS 'How much it holds, in the unit of limit_rule.amount.';
COMMENT ON COLUMN tollgate.pack.lasts IS 'day or month: until the end of the account''s calendar day, or of the same day of the next month.';
COMMENT ON COLUMN tollgate.pack.price IS 'What it costs; for people, Tollgate takes no money.';
COMMENT ON COLUMN tollgate.pack.currency IS 'ISO 4217 code of the price.';
COMMENT ON COLUMN tollgate.pack.note IS 'For people; Tollgate does not read it.';
CREATE TRIGGER insert_is_recorded AFTER INSERT ON tollgate.pack REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER update_is_recorded AFTER UPDATE ON tollgate.pack REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER delete_is_recorded AFTER DELETE ON tollgate.pack REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER truncate_is_recorded BEFORE TRUNCATE ON tollgate.pack
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
