-- Purpose: give counters that were just summed their row in quota_usage, so that drains keep them up from here.
-- Guarantee: runs in the REPEATABLE READ transaction that summed them, after ledger-hold.sql: nothing was drained since the sum and
--            nothing will be until the commit, so the row misses nothing.
-- Parameters: $1 partition, $2 subject kind, $3 subject id, $4 JSON array of {surface, quantity, window_kind, time_zone, start_at, end_at,
--             used} (credits in millicredits), in the order of the unique key so that two writers never wait for each other in a circle.
INSERT INTO tollgate.quota_usage (partition, subject_kind, subject_id, surface, quantity, window_kind, time_zone, start_at, end_at, used)
SELECT $1::smallint, $2::text, $3::text, surface, quantity, window_kind, time_zone, start_at, end_at,
       used / CASE quantity WHEN 'credits' THEN 1000.0 ELSE 1 END
  FROM jsonb_to_recordset($4::jsonb) AS asked (
       surface text, quantity text, window_kind text, time_zone text, start_at timestamptz, end_at timestamptz, used numeric)
    ON CONFLICT DO NOTHING
