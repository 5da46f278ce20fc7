-- Purpose: what was refused, the latest hour first.
-- Guarantee: reads only.
-- Parameters: $1 account or NULL, $2 project or NULL, $3 and $4 from and before which time, $5 hour in epoch ms and $6 id of the last row of
--             the page before, or NULL, $7 at most so many.
SELECT id::text AS id, (extract(epoch FROM hour) * 1000)::float8 AS hour_ms, account, project, department, surface, resource, limit_name,
       cause, count::float8 AS count, (extract(epoch FROM first_at) * 1000)::float8 AS first_at_ms,
       (extract(epoch FROM last_at) * 1000)::float8 AS last_at_ms
  FROM tollgate.refusal_hour AS refused
 WHERE hour >= date_trunc('hour', $3::timestamptz, 'UTC') AND hour < $4::timestamptz
   AND ($1::text IS NULL OR account = $1) AND ($2::text IS NULL OR project = $2)
   AND ($6::bigint IS NULL OR hour < to_timestamp($5::float8 / 1000) OR (hour = to_timestamp($5::float8 / 1000) AND id > $6))
 ORDER BY hour DESC, refused.id
 LIMIT $7
