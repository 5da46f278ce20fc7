-- Purpose: rows of tollgate.plan as the policy room reads them.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, token_days_max, coalesce(bridge_percent, 0) AS bridge_percent
FROM (
  SELECT * FROM tollgate.plan WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT * FROM jsonb_populate_recordset(NULL::tollgate.plan, $2::jsonb)
) r
