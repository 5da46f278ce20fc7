-- Purpose: who used how much, summed by hour, day, resource, account, project or department.
-- Guarantee: every request once; whole UTC hours; the totals are over everything that was asked for, however few rows are answered. From
--            usage_hour, or, where one token is asked for, from usage_entry as far back as it goes: of the days of the range and their
--            neighbours (see ledger-entries.sql).
-- Parameters: $1 from, $2 to before (whole hours), $3 what a row is, $4 rows at most, $5 account, $6 project, $7 department, $8 model,
--             $9 token, $10 the same resource as a package, normalised; NULL: any. $11 only hours and days that begin before, or NULL.
WITH source AS (
  SELECT hour, account, project, department, surface, resource, outcome_class, entries, not_yet_final, credits, bytes, gpu_ms
    FROM tollgate.usage_hour WHERE $9::text IS NULL AND entries > 0 AND hour >= $1::timestamptz AND hour < $2::timestamptz
   UNION ALL
  SELECT date_trunc('hour', at, 'UTC'), account, project, department, surface, resource, tollgate.outcome_class(outcome, unsettled),
         1, CASE state WHEN 'open' THEN 1 ELSE 0 END, credits, bytes, gpu_ms
    FROM tollgate.usage_entry WHERE is_home AND token = $9 AND at >= $1 AND at < $2
     AND (mint_day BETWEEN ($1::timestamptz AT TIME ZONE 'UTC')::date - 1 AND ($2::timestamptz AT TIME ZONE 'UTC')::date + 1 OR mint_day = '1970-01-01')
), used AS (
  SELECT CASE $3 WHEN 'hour' THEN to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') WHEN 'day' THEN to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD')
                 WHEN 'resource' THEN resource WHEN 'account' THEN account WHEN 'project' THEN project ELSE department END AS key,
         CASE $3 WHEN 'resource' THEN surface ELSE '' END AS surface, CASE WHEN $3 IN ('hour', 'day') THEN min(hour) END AS at,
         sum(entries) AS entries, coalesce(sum(entries) FILTER (WHERE outcome_class = 'charged'), 0) AS charged,
         coalesce(sum(entries) FILTER (WHERE outcome_class = 'unsettled'), 0) AS unsettled, sum(not_yet_final) AS not_yet_final,
         sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) AS gpu_ms
    FROM source
   WHERE ($5::text IS NULL OR account = $5) AND ($6::text IS NULL OR project = $6) AND ($7::text IS NULL OR department = $7)
     AND ($8::text IS NULL OR resource = CASE surface WHEN 'pypi' THEN $10::text ELSE $8 END)
   GROUP BY 1, 2
), total AS (
  SELECT coalesce(sum(entries), 0) AS entries, coalesce(sum(charged), 0) AS charged, coalesce(sum(unsettled), 0) AS unsettled,
         coalesce(sum(not_yet_final), 0) AS not_yet_final, coalesce(sum(credits), 0) AS credits, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(gpu_ms), 0) AS gpu_ms
    FROM used
)
SELECT u.key, u.surface, u.entries::text AS entries, u.charged::text AS charged, u.unsettled::text AS unsettled, u.not_yet_final::text AS not_yet_final,
       trim_scale(u.credits)::text AS credits, u.bytes::text AS bytes, u.gpu_ms::text AS gpu_ms,
       t.entries::text AS total_entries, t.charged::text AS total_charged, t.unsettled::text AS total_unsettled, t.not_yet_final::text AS total_not_yet_final,
       trim_scale(t.credits)::text AS total_credits, t.bytes::text AS total_bytes, t.gpu_ms::text AS total_gpu_ms
  FROM total AS t LEFT JOIN LATERAL (
       SELECT * FROM used WHERE $11::timestamptz IS NULL OR at < $11 ORDER BY at DESC, credits DESC, entries DESC, key, surface LIMIT $4) AS u ON true
 ORDER BY u.at DESC, u.credits DESC, u.entries DESC, u.key, u.surface
