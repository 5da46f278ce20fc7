-- Purpose: what each of the people of a project used, the dearest first, from sums that are kept.
-- Guarantee: what usage_hour holds in the range, at one instant: the sums, and the differences that are not in them yet. The totals are over
--            all people, however few rows are answered. Sums are looked up one by one by their key, so the use of others costs nothing.
-- Parameters: $1 from, $2 to before (whole hours), $3 rows at most, $4 project.
WITH payer AS MATERIALIZED (
  SELECT p.id, p.account FROM tollgate.usage_payer AS p JOIN tollgate.usage_team AS t ON t.id = p.team WHERE t.project = $4::text
), days AS MATERIALIZED (
  SELECT first_day, greatest(date_trunc('day', $2::timestamptz, 'UTC'), first_day) AS end_of_days
    FROM (SELECT least(date_trunc('day', $1::timestamptz + interval '23 hours', 'UTC'), $2::timestamptz) AS first_day) AS e
), edge AS MATERIALIZED (
  -- Whole months in the middle, then days, hours at both ends.
  SELECT first_day, end_of_days, first_month, greatest(date_trunc('month', end_of_days, 'UTC'), first_month) AS end_of_months
    FROM (SELECT *, least(date_trunc('month', first_day AT TIME ZONE 'UTC' + interval '1 month' - interval '1 day') AT TIME ZONE 'UTC', end_of_days) AS first_month
            FROM days) AS e
), piece AS (
  SELECT p.grain, generate_series(p.since AT TIME ZONE 'UTC', (p.until - interval '1 hour') AT TIME ZONE 'UTC', ('1 ' || p.grain)::interval) AT TIME ZONE 'UTC' AS at
    FROM edge CROSS JOIN LATERAL (VALUES
         ('hour', $1, first_day), ('day', first_day, first_month), ('month', first_month, end_of_months), ('day', end_of_months, end_of_days),
         ('hour', end_of_days, $2)) AS p (grain, since, until)
), source AS (
  SELECT payer.account, f.entries, f.not_yet_final, f.credits, f.bytes, f.gpu_ms
    FROM piece CROSS JOIN payer CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_payer_hour AS f WHERE f.start_at = piece.at AND f.payer = payer.id OFFSET 0) AS f
   WHERE piece.grain = 'hour'
   UNION ALL
  SELECT payer.account, f.entries, f.not_yet_final, f.credits, f.bytes, f.gpu_ms
    FROM piece CROSS JOIN payer CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_payer_day AS f WHERE f.start_at = piece.at AND f.payer = payer.id OFFSET 0) AS f
   WHERE piece.grain = 'day'
   UNION ALL
  SELECT payer.account, f.entries, f.not_yet_final, f.credits, f.bytes, f.gpu_ms
    FROM piece CROSS JOIN payer CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_payer_month AS f WHERE f.start_at = piece.at AND f.payer = payer.id OFFSET 0) AS f
   WHERE piece.grain = 'month'
   UNION ALL
  SELECT account, entries, not_yet_final, credits, bytes, gpu_ms FROM tollgate.usage_moved WHERE project = $4 AND hour >= $1 AND hour < $2
), used AS (
  SELECT account AS key, sum(entries) AS entries, sum(not_yet_final) AS not_yet_final, sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) AS gpu_ms
    FROM source GROUP BY 1 HAVING sum(entries) > 0
)
SELECT key, entries::text, not_yet_final::text, trim_scale(credits)::text AS credits, bytes::text, gpu_ms::text,
       (sum(entries) OVER ())::text AS total_entries, (sum(not_yet_final) OVER ())::text AS total_not_yet_final,
       trim_scale(sum(credits) OVER ())::text AS total_credits, (sum(bytes) OVER ())::text AS total_bytes, (sum(gpu_ms) OVER ())::text AS total_gpu_ms
  FROM used ORDER BY used.credits DESC, used.entries DESC, key LIMIT $3
