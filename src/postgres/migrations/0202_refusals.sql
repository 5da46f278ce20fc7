-- Purpose: what was refused, by the hour, so that people see their own refusals. Refused requests take nothing and are not in the ledger.
-- Guarantee: sums only grow; written in batches by the serving processes, at most once each; bounded by upkeep.

CREATE TABLE tollgate.refusal_hour (
  hour timestamptz NOT NULL,
  account text NOT NULL,
  project text NOT NULL,
  department text NOT NULL,
  surface text NOT NULL,
  resource text NOT NULL,
  limit_name text NOT NULL,
  cause text NOT NULL,
  count bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  id bigint GENERATED ALWAYS AS IDENTITY,
  CONSTRAINT refusal_hour_has_one_row_per_kind PRIMARY KEY (hour, account, surface, resource, limit_name, cause),
  CONSTRAINT refusal_hour_is_a_whole_hour CHECK (hour = date_trunc('hour', hour, 'UTC'))
);
CREATE INDEX refusal_hour_by_account ON tollgate.refusal_hour (account, hour);
COMMENT ON TABLE tollgate.refusal_hour IS 'How often what was refused to whom in which UTC hour. Not exact: what a killed process had not written yet, at most a second of it, is missing.';
COMMENT ON COLUMN tollgate.refusal_hour.hour IS 'First instant of the hour.';
COMMENT ON COLUMN tollgate.refusal_hour.account IS 'Who was refused.';
COMMENT ON COLUMN tollgate.refusal_hour.project IS 'Its project then.';
COMMENT ON COLUMN tollgate.refusal_hour.department IS 'Its department then.';
COMMENT ON COLUMN tollgate.refusal_hour.surface IS 'pypi or gpu.';
COMMENT ON COLUMN tollgate.refusal_hour.resource IS 'The package or model; empty when there is none, or when there were too many at once.';
COMMENT ON COLUMN tollgate.refusal_hour.limit_name IS 'The limit that refused; empty when none did.';
COMMENT ON COLUMN tollgate.refusal_hour.cause IS 'Why: quota, rate, concurrency, too_large, denied and others, as in the metric checks_total.';
COMMENT ON COLUMN tollgate.refusal_hour.count IS 'How often.';
COMMENT ON COLUMN tollgate.refusal_hour.first_at IS 'First time in this hour.';
COMMENT ON COLUMN tollgate.refusal_hour.last_at IS 'Last time in this hour.';
COMMENT ON COLUMN tollgate.refusal_hour.id IS 'Only tells rows of one hour apart, so that pages need not name what was asked for.';
