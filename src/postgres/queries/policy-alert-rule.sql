-- Purpose: rows of tollgate.alert_rule as the policy room reads them.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, limit_name, account, project, department, plan, percents
FROM (
  SELECT * FROM tollgate.alert_rule WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT * FROM jsonb_populate_recordset(NULL::tollgate.alert_rule, $2::jsonb)
) r
