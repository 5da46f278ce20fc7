-- Purpose: rows of tollgate.access_rule as the policy room reads them. Times are epoch milliseconds.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all.
SELECT id, effect, surface, network::text, account, package_pattern,
  ceil(extract(epoch FROM expires_at) * 1000)::float8 AS expires_at_ms, reason
FROM tollgate.access_rule
WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
