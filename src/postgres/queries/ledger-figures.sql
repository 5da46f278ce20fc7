-- Purpose: what counters of one subject have used according to the books, and the checkpoint this holds at.
-- Guarantee: one statement, so one instant: the figures hold exactly what the checkpoint has passed. A counter without a row in quota_usage
--            is summed from usage_entry (`is_kept` false). One row per asked counter (one for the checkpoint when none is asked); it waits for no one.
-- Parameters: $1 partition, $2 subject kind, $3 subject id, $4 JSON array of {surface, quantity, window_kind, time_zone, start_at, end_at}.
SELECT checkpoint.epoch, checkpoint.position, counter.id IS NOT NULL AS is_kept,
       (CASE asked.quantity WHEN 'credits' THEN 1000 ELSE 1 END * coalesce(counter.used, booked.used, 0))::numeric(38, 0)::text AS used
  FROM (VALUES ($1::smallint)) AS subject (partition)
  LEFT JOIN tollgate.ledger_checkpoint AS checkpoint ON checkpoint.partition = subject.partition
  LEFT JOIN ROWS FROM (jsonb_to_recordset($4::jsonb) AS (
         surface text, quantity text, window_kind text, time_zone text, start_at timestamptz, end_at timestamptz)) WITH ORDINALITY AS asked (
         surface, quantity, window_kind, time_zone, start_at, end_at, place) ON true
  LEFT JOIN tollgate.quota_usage AS counter
    ON counter.partition = $1 AND counter.subject_kind = $2::text AND counter.subject_id = $3::text
   AND counter.end_at = asked.end_at AND counter.start_at = asked.start_at AND counter.surface = asked.surface
   AND counter.quantity = asked.quantity AND counter.window_kind = asked.window_kind AND counter.time_zone = asked.time_zone
  LEFT JOIN LATERAL (
       SELECT sum(CASE asked.quantity WHEN 'requests' THEN entry.requests WHEN 'credits' THEN entry.credits
                                      WHEN 'bytes' THEN entry.bytes ELSE entry.gpu_ms END) AS used
         FROM tollgate.usage_entry AS entry
        WHERE counter.id IS NULL AND entry.partition = $1 AND entry.at >= asked.start_at AND entry.at < asked.end_at
          AND asked.surface IN ('any', entry.surface) AND entry.subjects @> ARRAY[$2::text || ':' || $3::text]
          -- An account's counters are moved by its own charges alone, so this says nothing new; it leads to the index by account.
          AND ($2::text <> 'account' OR entry.account = $3::text)
       ) AS booked ON true
 ORDER BY asked.place
