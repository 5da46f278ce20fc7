-- Purpose: what the people of a project used, by hour or day, the latest first, from sums that are kept.
-- Guarantee: what usage_hour holds in the range, at one instant: the sums, and the differences that are not in them yet. The totals are over
--            the whole range, whichever rows are answered. Sums are looked up one by one by their key, so the use of others costs nothing.
-- Parameters: $1 from, $2 to before (whole hours), $3 hour or day, $4 rows at most, $5 project, $6 only rows that begin before, or NULL.
WITH team AS MATERIALIZED (
  SELECT id FROM tollgate.usage_team WHERE project = $5::text
), edge AS MATERIALIZED (
  -- Whole days in the middle, hours at both ends.
  SELECT first_day, greatest(date_trunc('day', $2::timestamptz, 'UTC'), first_day) AS end_of_days
    FROM (SELECT CASE $3 WHEN 'hour' THEN $2 ELSE least(date_trunc('day', $1::timestamptz + interval '23 hours', 'UTC'), $2::timestamptz) END AS first_day) AS e
), hour AS (
  SELECT at AT TIME ZONE 'UTC' AS at
    FROM edge CROSS JOIN LATERAL (
         SELECT generate_series($1::timestamptz AT TIME ZONE 'UTC', (first_day - interval '1 hour') AT TIME ZONE 'UTC', interval '1 hour') AS at
          UNION ALL
         SELECT generate_series(end_of_days AT TIME ZONE 'UTC', ($2::timestamptz - interval '1 hour') AT TIME ZONE 'UTC', interval '1 hour')) AS s
), day AS (
  SELECT generate_series(first_day AT TIME ZONE 'UTC', (end_of_days - interval '24 hours') AT TIME ZONE 'UTC', interval '1 day') AT TIME ZONE 'UTC' AS at FROM edge
), source AS (
  SELECT f.start_at, f.entries, f.not_yet_final, f.credits, f.bytes, f.gpu_ms
    FROM hour CROSS JOIN team CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_team_hour AS f WHERE f.start_at = hour.at AND f.team = team.id OFFSET 0) AS f
   UNION ALL
  SELECT f.start_at, f.entries, f.not_yet_final, f.credits, f.bytes, f.gpu_ms
    FROM day CROSS JOIN team CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_team_day AS f WHERE f.start_at = day.at AND f.team = team.id OFFSET 0) AS f
   UNION ALL
  SELECT hour, entries, not_yet_final, credits, bytes, gpu_ms
    FROM tollgate.usage_moved WHERE project = $5 AND hour >= $1 AND hour < $2
), used AS (
  SELECT date_trunc($3, start_at, 'UTC') AS at, sum(entries) AS entries, sum(not_yet_final) AS not_yet_final, sum(credits) AS credits,
         sum(bytes) AS bytes, sum(gpu_ms) AS gpu_ms
    FROM source GROUP BY 1 HAVING sum(entries) > 0
), total AS (
  SELECT coalesce(sum(entries), 0) AS total_entries, coalesce(sum(not_yet_final), 0) AS total_not_yet_final, coalesce(sum(credits), 0) AS total_credits,
         coalesce(sum(bytes), 0) AS total_bytes, coalesce(sum(gpu_ms), 0) AS total_gpu_ms FROM used
)
SELECT to_char(u.at AT TIME ZONE 'UTC', CASE $3 WHEN 'hour' THEN 'YYYY-MM-DD"T"HH24:MI"Z"' ELSE 'YYYY-MM-DD' END) AS key,
       u.entries::text AS entries, u.not_yet_final::text AS not_yet_final, trim_scale(u.credits)::text AS credits, u.bytes::text AS bytes, u.gpu_ms::text AS gpu_ms,
       t.total_entries::text AS total_entries, t.total_not_yet_final::text AS total_not_yet_final, trim_scale(t.total_credits)::text AS total_credits,
       t.total_bytes::text AS total_bytes, t.total_gpu_ms::text AS total_gpu_ms
  FROM total AS t LEFT JOIN LATERAL (
       SELECT * FROM used WHERE $6::timestamptz IS NULL OR at < $6 ORDER BY at DESC LIMIT $4) AS u ON true
 ORDER BY u.at DESC
