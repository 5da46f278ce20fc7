-- Purpose: one page of everybody's levels that stand in windows that hold an instant and whose counter the books do not have, as after a
--          refusal before the first charge was booked: as a counter with what was used then.
-- Guarantee: reads only; a page costs what stands, each by index. Every such level that was there at the first page is on one of them.
-- Parameters: $1 the id that the page before ended with, '' at first; $2 the instant; $3 rows at most; $4 the partition of everyone.
-- Answers as level-counters.sql, the id being that of a level.
SELECT min(event.id) AS id, event.subject_kind, event.subject_id, event.surface, event.counts AS quantity, event.window_kind, event.time_zone,
       (extract(epoch FROM event.window_start) * 1000)::float8 AS start_ms, (extract(epoch FROM event.reset_at) * 1000)::float8 AS end_ms,
       (max(event.used) * CASE event.counts WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0)::text AS used,
       jsonb_agg(jsonb_build_object('id', event.id, 'limit', event.limit_name, 'rule', event.limit_rule, 'percent', event.percent, 'amount',
         (coalesce(event.held_amount, event.amount) * CASE event.counts WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0))) AS standing
  FROM tollgate.alert_event AS event
 WHERE event.type = 'level' AND event.ended_at IS NULL AND event.window_start <= $2::timestamptz AND event.reset_at > $2
   AND event.limit_name IS NOT NULL AND event.used IS NOT NULL
   AND NOT EXISTS (
       SELECT FROM tollgate.quota_usage AS kept
        WHERE kept.partition = CASE event.subject_kind
                WHEN 'account' THEN (SELECT partition FROM tollgate.account WHERE id = event.subject_id)
                WHEN 'token' THEN (SELECT partition FROM tollgate.token WHERE id = event.subject_id)
                WHEN 'project' THEN (SELECT partition FROM tollgate.project WHERE id = event.subject_id)
                WHEN 'department' THEN (SELECT partition FROM tollgate.department WHERE id = event.subject_id)
                ELSE $4::smallint END
          AND kept.subject_kind = event.subject_kind AND kept.subject_id = event.subject_id
          AND kept.end_at = event.reset_at AND kept.start_at = event.window_start AND kept.surface = event.surface
          AND kept.quantity = event.counts AND kept.window_kind = event.window_kind AND kept.time_zone = event.time_zone
       OFFSET 0)
 GROUP BY event.subject_kind, event.subject_id, event.surface, event.counts, event.window_kind, event.time_zone, event.window_start, event.reset_at
HAVING min(event.id) > $1
 ORDER BY min(event.id) LIMIT $3
