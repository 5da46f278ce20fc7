-- Purpose: rows of tollgate.plan as the policy room reads them.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all.
SELECT id, token_days_max
FROM tollgate.plan
WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
