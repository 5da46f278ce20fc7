-- Purpose: what counters of one subject have used according to the books, and the checkpoint this holds at.
-- Guarantee: one statement, so one instant: the figures hold exactly what the checkpoint has passed. A counter without a row in quota_usage
--            (`is_kept` false) is the sum of the whole UTC hours inside its window from subject_hour, and of what its window cuts off an hour
--            at either end from usage_entry, which is exact because a drain writes both together and an entry never changes its instant.
--            One row per asked counter (one for the checkpoint when none is asked); it waits for no one.
-- Parameters: $1 partition, $2 subject kind, $3 subject id, $4 JSON array of {surface, quantity, window_kind, time_zone, start_at, end_at}.
SELECT checkpoint.epoch, checkpoint.position, counter.id IS NOT NULL AS is_kept,
       (CASE asked.quantity WHEN 'credits' THEN 1000 ELSE 1 END
        * coalesce(counter.used, coalesce(whole.used, 0) + coalesce(cut.used, 0)))::numeric(38, 0)::text AS used
  FROM (VALUES ($1::smallint)) AS subject (partition)
  LEFT JOIN tollgate.ledger_checkpoint AS checkpoint ON checkpoint.partition = subject.partition
  LEFT JOIN ROWS FROM (jsonb_to_recordset($4::jsonb) AS (
         surface text, quantity text, window_kind text, time_zone text, start_at timestamptz, end_at timestamptz)) WITH ORDINALITY AS asked (
         surface, quantity, window_kind, time_zone, start_at, end_at, place) ON true
  LEFT JOIN tollgate.quota_usage AS counter
    ON counter.partition = $1 AND counter.subject_kind = $2::text AND counter.subject_id = $3::text
   AND counter.end_at = asked.end_at AND counter.start_at = asked.start_at AND counter.surface = asked.surface
   AND counter.quantity = asked.quantity AND counter.window_kind = asked.window_kind AND counter.time_zone = asked.time_zone
  -- From `from_hour` to before `to_hour` the window holds whole hours; both lie inside it, and are equal when it holds none.
 CROSS JOIN LATERAL (
       SELECT least(asked.end_at, date_trunc('hour', asked.start_at - interval '1 microsecond', 'UTC') + interval '1 hour') AS from_hour
       ) AS head
 CROSS JOIN LATERAL (SELECT greatest(head.from_hour, date_trunc('hour', asked.end_at, 'UTC')) AS to_hour) AS tail
  LEFT JOIN LATERAL (
       SELECT sum(CASE asked.quantity WHEN 'requests' THEN hours.requests WHEN 'credits' THEN hours.credits
                                      WHEN 'bytes' THEN hours.bytes ELSE hours.gpu_ms END) AS used
         FROM tollgate.subject_hour AS hours
        WHERE counter.id IS NULL AND hours.partition = $1 AND hours.subject = $2::text || ':' || $3::text
          AND hours.hour >= head.from_hour AND hours.hour < tail.to_hour AND asked.surface IN ('any', hours.surface)
       ) AS whole ON true
  LEFT JOIN LATERAL (
       SELECT sum(CASE asked.quantity WHEN 'requests' THEN entry.requests WHEN 'credits' THEN entry.credits
                                      WHEN 'bytes' THEN entry.bytes ELSE entry.gpu_ms END) AS used
         FROM (VALUES (asked.start_at, head.from_hour), (tail.to_hour, asked.end_at)) AS part (from_at, to_at)
        CROSS JOIN LATERAL (
              SELECT * FROM tollgate.usage_entry AS booked
               WHERE booked.partition = $1 AND booked.at >= part.from_at AND booked.at < part.to_at
                 AND asked.surface IN ('any', booked.surface) AND booked.subjects @> ARRAY[$2::text || ':' || $3::text]
              OFFSET 0) AS entry
        WHERE counter.id IS NULL AND part.from_at < part.to_at
       ) AS cut ON true
 ORDER BY asked.place
