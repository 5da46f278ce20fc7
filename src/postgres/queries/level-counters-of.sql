-- Purpose: counters of some subjects in windows that hold an instant, and the levels that stand over each; where a level stands and the books
--          have no counter yet, as after a refusal before the first charge was booked, a counter with what was used then.
-- Guarantee: reads only; each subject by index.
-- Parameters: $1 JSON array of {partition, kind, id}, $2 the instant.
-- Answers credits in millicredits; `standing` is null where nothing stands.
SELECT counter.id::text, counter.subject_kind, counter.subject_id, counter.surface, counter.quantity, counter.window_kind, counter.time_zone,
       (extract(epoch FROM counter.start_at) * 1000)::float8 AS start_ms, (extract(epoch FROM counter.end_at) * 1000)::float8 AS end_ms,
       (counter.used * CASE counter.quantity WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0)::text AS used, levels.standing
  FROM jsonb_to_recordset($1::jsonb) AS asked (partition smallint, kind text, id text)
 CROSS JOIN LATERAL (
       SELECT * FROM tollgate.quota_usage AS kept
        WHERE kept.partition = asked.partition AND kept.subject_kind = asked.kind AND kept.subject_id = asked.id
          AND kept.end_at > $2::timestamptz AND kept.start_at <= $2
       OFFSET 0) AS counter
 CROSS JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object('id', event.id, 'limit', event.limit_name, 'rule', event.limit_rule,
                'percent', event.percent, 'amount',
                (coalesce(event.held_amount, event.amount) * CASE event.counts WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0))) AS standing
         FROM tollgate.alert_event AS event
        WHERE event.type = 'level' AND event.ended_at IS NULL AND event.subject_kind = counter.subject_kind
          AND event.subject_id = counter.subject_id AND event.window_start = counter.start_at AND event.surface = counter.surface
          AND event.counts = counter.quantity AND event.window_kind = counter.window_kind AND event.time_zone = counter.time_zone
       ) AS levels
 WHERE counter.used > 0 OR levels.standing IS NOT NULL
 UNION ALL
SELECT NULL, event.subject_kind, event.subject_id, event.surface, event.counts, event.window_kind, event.time_zone,
       (extract(epoch FROM event.window_start) * 1000)::float8, (extract(epoch FROM event.reset_at) * 1000)::float8,
       (max(event.used) * CASE event.counts WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0)::text,
       jsonb_agg(jsonb_build_object('id', event.id, 'limit', event.limit_name, 'rule', event.limit_rule, 'percent', event.percent, 'amount',
         (coalesce(event.held_amount, event.amount) * CASE event.counts WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0)))
  FROM jsonb_to_recordset($1::jsonb) AS asked (partition smallint, kind text, id text)
 CROSS JOIN LATERAL (
       SELECT * FROM tollgate.alert_event AS found
        WHERE found.type = 'level' AND found.ended_at IS NULL AND found.subject_kind = asked.kind AND found.subject_id = asked.id
          AND found.window_start <= $2 AND found.reset_at > $2 AND found.limit_name IS NOT NULL AND found.used IS NOT NULL
       OFFSET 0) AS event
 WHERE NOT EXISTS (
       SELECT FROM tollgate.quota_usage AS kept
        WHERE kept.partition = asked.partition AND kept.subject_kind = event.subject_kind AND kept.subject_id = event.subject_id
          AND kept.end_at = event.reset_at AND kept.start_at = event.window_start AND kept.surface = event.surface
          AND kept.quantity = event.counts AND kept.window_kind = event.window_kind AND kept.time_zone = event.time_zone)
 GROUP BY event.subject_kind, event.subject_id, event.surface, event.counts, event.window_kind, event.time_zone, event.window_start, event.reset_at
