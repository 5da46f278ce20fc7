-- Purpose: give counters their rows in quota_usage before charges of their window are booked, so that drains keep them up from here.
-- Guarantee: exact. It runs under the checkpoint's lock and sees all that was ever drained of the partition, so a new row holds the sum of it;
--            whoever keeps a row by ledger-keep.sql either has committed before the lock was had, or finds the lock taken. Sums as in
--            ledger-figures.sql, and for counters without a row only.
-- Parameters: $1 partition, $2 JSON array of {subject_kind, subject_id, surface, quantity, window_kind, time_zone, start_at, end_at}.
INSERT INTO tollgate.quota_usage (partition, subject_kind, subject_id, surface, quantity, window_kind, time_zone, start_at, end_at, used)
SELECT $1::smallint, asked.subject_kind, asked.subject_id, asked.surface, asked.quantity, asked.window_kind, asked.time_zone, asked.start_at,
       asked.end_at, coalesce(whole.used, 0) + coalesce(cut.used, 0)
  FROM jsonb_to_recordset($2::jsonb) AS asked (
       subject_kind text, subject_id text, surface text, quantity text, window_kind text, time_zone text, start_at timestamptz,
       end_at timestamptz)
  -- From `from_hour` to before `to_hour` the window holds whole hours; both lie inside it, and are equal when it holds none.
 CROSS JOIN LATERAL (
       SELECT least(asked.end_at, date_trunc('hour', asked.start_at - interval '1 microsecond', 'UTC') + interval '1 hour') AS from_hour
       ) AS head
 CROSS JOIN LATERAL (SELECT greatest(head.from_hour, date_trunc('hour', asked.end_at, 'UTC')) AS to_hour) AS tail
  LEFT JOIN LATERAL (
       SELECT sum(CASE asked.quantity WHEN 'requests' THEN hours.requests WHEN 'credits' THEN hours.credits
                                      WHEN 'bytes' THEN hours.bytes ELSE hours.gpu_ms END) AS used
         FROM tollgate.subject_hour AS hours
        WHERE hours.partition = $1 AND hours.subject = asked.subject_kind || ':' || asked.subject_id
          AND hours.hour >= head.from_hour AND hours.hour < tail.to_hour AND asked.surface IN ('any', hours.surface)
       ) AS whole ON true
  LEFT JOIN LATERAL (
       SELECT sum(CASE asked.quantity WHEN 'requests' THEN entry.requests WHEN 'credits' THEN entry.credits
                                      WHEN 'bytes' THEN entry.bytes ELSE entry.gpu_ms END) AS used
         FROM (VALUES (asked.start_at, head.from_hour), (tail.to_hour, asked.end_at)) AS part (from_at, to_at)
        CROSS JOIN LATERAL (
              SELECT * FROM tollgate.usage_entry AS booked
               WHERE booked.partition = $1 AND booked.at >= part.from_at AND booked.at < part.to_at
                 AND asked.surface IN ('any', booked.surface)
                 AND booked.subjects @> ARRAY[asked.subject_kind || ':' || asked.subject_id]
              OFFSET 0) AS entry
        WHERE part.from_at < part.to_at
          -- Who used nothing in the hour that is cut used nothing in a part of it; most are new to their window.
          AND EXISTS (SELECT FROM tollgate.subject_hour AS hours
                       WHERE hours.partition = $1 AND hours.subject = asked.subject_kind || ':' || asked.subject_id
                         AND hours.hour = date_trunc('hour', part.from_at, 'UTC'))
       ) AS cut ON true
 WHERE NOT EXISTS (
       SELECT FROM tollgate.quota_usage AS kept
        WHERE kept.partition = $1 AND kept.subject_kind = asked.subject_kind AND kept.subject_id = asked.subject_id
          AND kept.end_at = asked.end_at AND kept.start_at = asked.start_at AND kept.surface = asked.surface
          AND kept.quantity = asked.quantity AND kept.window_kind = asked.window_kind AND kept.time_zone = asked.time_zone)
    ON CONFLICT DO NOTHING
