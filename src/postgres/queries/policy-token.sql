-- Purpose: rows of tollgate.token as the policy room reads them. Times are epoch milliseconds, rounded to the earlier one.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all.
SELECT id, account, partition::int4, digest, hint,
  (extract(epoch FROM created_at) * 1000)::float8 AS created_at_ms,
  floor(extract(epoch FROM expires_at) * 1000)::float8 AS expires_at_ms,
  floor(extract(epoch FROM revoked_at) * 1000)::float8 AS revoked_at_ms
FROM tollgate.token
WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
