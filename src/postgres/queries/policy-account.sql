-- Purpose: rows of tollgate.account as the policy room reads them.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all.
SELECT id, partition::int4, kind, role, project, plan, time_zone, disabled
FROM tollgate.account
WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
