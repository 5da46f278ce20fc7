-- Purpose: rows of tollgate.department as the policy room reads them.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all.
SELECT id, partition::int4
FROM tollgate.department
WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
