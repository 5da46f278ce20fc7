-- Purpose: what was refused, the latest hour first.
-- Guarantee: reads only.
-- Parameters: $1 account or NULL, $2 project or NULL, $3 and $4 from and before which time, $5 key of the last row of the page before as a
--             JSON array (hour in epoch ms, account, surface, resource, limit_name, cause) or NULL, $6 at most so many.
SELECT (extract(epoch FROM hour) * 1000)::float8 AS hour_ms, account, project, department, surface, resource, limit_name, cause,
       count::float8 AS count, floor(extract(epoch FROM first_at) * 1000)::float8 AS first_at_ms,
       floor(extract(epoch FROM last_at) * 1000)::float8 AS last_at_ms
  FROM tollgate.refusal_hour
 WHERE hour >= date_trunc('hour', $3::timestamptz, 'UTC') AND hour < $4::timestamptz
   AND ($1::text IS NULL OR account = $1) AND ($2::text IS NULL OR project = $2)
   AND ($5::jsonb IS NULL OR hour < to_timestamp(($5::jsonb ->> 0)::float8 / 1000)
     OR (hour = to_timestamp(($5::jsonb ->> 0)::float8 / 1000) AND (account, surface, resource, limit_name, cause)
         > ($5::jsonb ->> 1, $5::jsonb ->> 2, $5::jsonb ->> 3, $5::jsonb ->> 4, $5::jsonb ->> 5)))
 ORDER BY hour DESC, account, surface, resource, limit_name, cause
 LIMIT $6
