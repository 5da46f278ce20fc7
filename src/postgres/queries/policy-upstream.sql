-- Purpose: rows of tollgate.upstream as the policy room reads them.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, surface, host, mount_path, origin_url, grammar, credential
FROM (
  SELECT * FROM tollgate.upstream WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT * FROM jsonb_populate_recordset(NULL::tollgate.upstream, $2::jsonb)
) r
