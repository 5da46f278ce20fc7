-- Purpose: rows of tollgate.token as the policy room reads them. Times are epoch milliseconds, rounded to the earlier one.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, account, partition::int4, digest, hint,
  (extract(epoch FROM created_at) * 1000)::float8 AS created_at_ms,
  floor(extract(epoch FROM expires_at) * 1000)::float8 AS expires_at_ms,
  floor(extract(epoch FROM revoked_at) * 1000)::float8 AS revoked_at_ms
FROM (
  SELECT * FROM tollgate.token WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT * FROM jsonb_populate_recordset(NULL::tollgate.token, $2::jsonb)
) r
