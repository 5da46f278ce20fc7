-- Purpose: rows of tollgate.access_rule as the policy room reads them. Times are epoch milliseconds.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, effect, surface, network::text, account, package_pattern,
  ceil(extract(epoch FROM expires_at) * 1000)::float8 AS expires_at_ms, reason
FROM (
  SELECT * FROM tollgate.access_rule WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT * FROM jsonb_populate_recordset(NULL::tollgate.access_rule, $2::jsonb)
) r
