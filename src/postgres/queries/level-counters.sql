-- Purpose: one page of everybody's counters in windows that hold an instant, and the levels that stand over each.
-- Guarantee: reads only; every such counter is on one page, and a page costs what it holds and what is over beside it.
-- Parameters: $1 the id of the last counter of the page before, 0 at first; $2 the instant; $3 rows at most.
-- Answers as level-counters-of.sql; fewer rows than $3 are the last page.
SELECT counter.id::text, counter.subject_kind, counter.subject_id, counter.surface, counter.quantity, counter.window_kind, counter.time_zone,
       (extract(epoch FROM counter.start_at) * 1000)::float8 AS start_ms, (extract(epoch FROM counter.end_at) * 1000)::float8 AS end_ms,
       (counter.used * CASE counter.quantity WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0)::text AS used, levels.standing
  FROM (SELECT * FROM tollgate.quota_usage AS kept
         WHERE kept.id > $1::bigint AND kept.end_at > $2::timestamptz AND kept.start_at <= $2
           AND kept.subject_kind <> 'address'
         ORDER BY kept.id LIMIT $3) AS counter
 CROSS JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object('id', event.id, 'limit', event.limit_name, 'rule', event.limit_rule,
                'percent', event.percent, 'amount',
                (coalesce(event.held_amount, event.amount) * CASE event.counts WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0))) AS standing
         FROM tollgate.alert_event AS event
        WHERE event.type = 'level' AND event.ended_at IS NULL AND event.subject_kind = counter.subject_kind
          AND event.subject_id = counter.subject_id AND event.window_start = counter.start_at AND event.surface = counter.surface
          AND event.counts = counter.quantity AND event.window_kind = counter.window_kind AND event.time_zone = counter.time_zone
       ) AS levels
 ORDER BY counter.id
