-- Purpose: roll-ups by hour: usage_hour for people and prices, subject_hour for counters that are asked for the first time.
-- Guarantee: both hold what usage_entry holds when the migration ends; from there the merge of the ledger keeps them so.
-- Parameters: none.

CREATE FUNCTION tollgate.outcome_class(outcome text, unsettled boolean) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN unsettled OR outcome = 'unknown' THEN 'unsettled'
    WHEN outcome IN ('delivered', 'aborted') THEN 'charged'
    WHEN outcome = 'undelivered' THEN 'undelivered'
    ELSE 'free'
  END
$$;
COMMENT ON FUNCTION tollgate.outcome_class IS 'The class of an entry in usage_hour: charged (delivered, aborted), free (304, HEAD, redirects, errors), undelivered (the answer never reached the proxy), unsettled (nobody has told yet).';

CREATE TABLE tollgate.usage_hour (
  hour          timestamptz    NOT NULL,
  account       text           NOT NULL,
  project       text           NOT NULL,
  department    text           NOT NULL,
  surface       text           NOT NULL,
  resource      text           NOT NULL,
  outcome_class text           NOT NULL,
  entries       bigint         NOT NULL,
  not_yet_final bigint         NOT NULL,
  requests      bigint         NOT NULL,
  credits       numeric(22, 3) NOT NULL,
  bytes         numeric(22, 0) NOT NULL,
  gpu_ms        numeric(22, 0) NOT NULL,
  CONSTRAINT usage_hour_has_one_row_per_account_and_resource
    PRIMARY KEY (hour, account, project, department, surface, resource, outcome_class),
  CONSTRAINT usage_hour_is_a_whole_hour CHECK (hour = date_trunc('hour', hour, 'UTC')),
  CONSTRAINT usage_hour_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT usage_hour_outcome_class_is_known CHECK (outcome_class IN ('charged', 'free', 'undelivered', 'unsettled'))
) WITH (fillfactor = 70);
CREATE INDEX usage_hour_by_account ON tollgate.usage_hour (account, hour);
COMMENT ON TABLE  tollgate.usage_hour IS 'Who used what in which UTC hour, every request once, kept up with usage_entry in the same transactions. Refused requests took nothing and are not in the ledger: the metric tollgate_checks_total counts them. A row may come to 0 when its entries change class';
COMMENT ON COLUMN tollgate.usage_hour.hour IS 'First instant of the hour that holds the spend; corrections do not change it';
COMMENT ON COLUMN tollgate.usage_hour.account IS 'Who is charged';
COMMENT ON COLUMN tollgate.usage_hour.project IS 'The account''s project at the time';
COMMENT ON COLUMN tollgate.usage_hour.department IS 'The project''s department at the time';
COMMENT ON COLUMN tollgate.usage_hour.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate.usage_hour.resource IS 'The package or the GPU model; empty when there is none';
COMMENT ON COLUMN tollgate.usage_hour.outcome_class IS 'charged: delivered, whole or in part. free: 304, HEAD, redirects, errors. undelivered: the answer never reached the proxy. unsettled: nobody has told yet, booked at the estimate';
COMMENT ON COLUMN tollgate.usage_hour.entries IS 'How many requests, whatever they were booked at';
COMMENT ON COLUMN tollgate.usage_hour.not_yet_final IS 'How many of them may still change';
COMMENT ON COLUMN tollgate.usage_hour.requests IS 'Requests as quotas count them; free and undelivered ones count 0';
COMMENT ON COLUMN tollgate.usage_hour.credits IS 'Credits';
COMMENT ON COLUMN tollgate.usage_hour.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate.usage_hour.gpu_ms IS 'GPU time in milliseconds';

CREATE TABLE tollgate.subject_hour (
  partition smallint       NOT NULL,
  subject   text           NOT NULL,
  surface   text           NOT NULL,
  hour      timestamptz    NOT NULL,
  requests  bigint         NOT NULL,
  credits   numeric(22, 3) NOT NULL,
  bytes     numeric(22, 0) NOT NULL,
  gpu_ms    numeric(22, 0) NOT NULL,
  CONSTRAINT subject_hour_has_one_row_per_subject_and_surface PRIMARY KEY (partition, subject, surface, hour),
  CONSTRAINT subject_hour_is_a_whole_hour CHECK (hour = date_trunc('hour', hour, 'UTC'))
) WITH (fillfactor = 70);
CREATE INDEX subject_hour_by_hour ON tollgate.subject_hour (hour);
COMMENT ON TABLE  tollgate.subject_hour IS 'What each subject used in which UTC hour according to one partition''s stream. A counter that is asked for the first time is summed from it, and from usage_entry where its window cuts an hour. Kept 34 days, longer than any window';
COMMENT ON COLUMN tollgate.subject_hour.partition IS 'The partition whose stream this comes from, which is the subject''s own';
COMMENT ON COLUMN tollgate.subject_hour.subject IS 'Whose use, as kind:id, as usage_entry.subjects has it';
COMMENT ON COLUMN tollgate.subject_hour.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate.subject_hour.hour IS 'First instant of the hour that holds the spends';
COMMENT ON COLUMN tollgate.subject_hour.requests IS 'Requests';
COMMENT ON COLUMN tollgate.subject_hour.credits IS 'Credits';
COMMENT ON COLUMN tollgate.subject_hour.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate.subject_hour.gpu_ms IS 'GPU time in milliseconds';

INSERT INTO tollgate.usage_hour
SELECT date_trunc('hour', at, 'UTC'), account, project, department, surface, resource, tollgate.outcome_class(outcome, unsettled),
       count(*), count(*) FILTER (WHERE state = 'open'), sum(requests), sum(credits), sum(bytes), sum(gpu_ms)
  FROM tollgate.usage_entry WHERE is_home GROUP BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO tollgate.subject_hour
SELECT partition, subject, surface, date_trunc('hour', at, 'UTC'), sum(requests), sum(credits), sum(bytes), sum(gpu_ms)
  FROM tollgate.usage_entry CROSS JOIN LATERAL unnest(subjects) AS named (subject)
 WHERE at >= now() - interval '34 days' GROUP BY 1, 2, 3, 4;

CREATE VIEW tollgate.usage_by_day AS
  SELECT (hour AT TIME ZONE 'UTC')::date AS day, department, project, account, surface,
         sum(requests)::bigint AS requests, sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) AS gpu_ms,
         sum(not_yet_final)::bigint AS not_yet_final
    FROM tollgate.usage_hour
   WHERE entries > 0
   GROUP BY 1, 2, 3, 4, 5;
COMMENT ON VIEW   tollgate.usage_by_day IS 'Who used how much on which UTC day; every request counted once';
COMMENT ON COLUMN tollgate.usage_by_day.day IS 'The UTC day';
COMMENT ON COLUMN tollgate.usage_by_day.department IS 'The department charged';
COMMENT ON COLUMN tollgate.usage_by_day.project IS 'The project charged';
COMMENT ON COLUMN tollgate.usage_by_day.account IS 'The account charged';
COMMENT ON COLUMN tollgate.usage_by_day.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate.usage_by_day.requests IS 'Requests';
COMMENT ON COLUMN tollgate.usage_by_day.credits IS 'Credits';
COMMENT ON COLUMN tollgate.usage_by_day.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate.usage_by_day.gpu_ms IS 'GPU time in milliseconds';
COMMENT ON COLUMN tollgate.usage_by_day.not_yet_final IS 'How many of these requests may still change';

-- Upkeep deletes windows that ended.
CREATE INDEX quota_usage_by_end ON tollgate.quota_usage (end_at);
COMMENT ON TABLE  tollgate.quota_usage IS 'What a counter has used in one window, kept up by the ledger. A counter without a row here is summed from subject_hour and usage_entry when a store asks for it';
COMMENT ON COLUMN tollgate.quota_usage.window_kind IS 'hour, day, month, or week_ and the day it begins on';
-- A few absurd amounts must not stop a partition: 2^53 and more of them fit.
ALTER TABLE tollgate.quota_usage ALTER COLUMN used TYPE numeric(25, 3);
