-- Purpose: write alert events.
-- Guarantee: one per key while it stands: what stands already stays as it is, and of two with one key in a call the first counts. In the
--            caller's transaction, or as one of its own.
-- Parameters: $1 JSON array of events, fields as the columns; amounts in the unit of SQL.
-- Answers how many were new.
WITH added AS (
  INSERT INTO tollgate.alert_event (key, type, level, account, project, department, limit_name, subject_kind, subject_id, surface, counts,
         window_kind, time_zone, window_start, reset_at, used, amount, percent, data, only_channel, skipped, limit_rule)
  SELECT key, type, level, account, project, department, limit_name, subject_kind, subject_id, surface, counts,
         window_kind, time_zone, window_start, reset_at, used, amount, percent, coalesce(data, '{}'), only_channel, coalesce(skipped, false),
         limit_rule
    FROM jsonb_to_recordset($1::jsonb) AS (
         key text, type text, level text, account text, project text, department text, limit_name text, subject_kind text, subject_id text,
         surface text, counts text, window_kind text, time_zone text, window_start timestamptz, reset_at timestamptz, used numeric,
         amount numeric, percent integer, data jsonb, only_channel text, skipped boolean,
         limit_rule text)
      ON CONFLICT (key) WHERE ended_at IS NULL DO NOTHING
  RETURNING 1
)
SELECT count(*)::int AS added FROM added
