-- Purpose: rows of tollgate.upstream as the policy room reads them.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all.
SELECT id, surface, host, mount_path, origin_url, grammar, credential
FROM tollgate.upstream
WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
