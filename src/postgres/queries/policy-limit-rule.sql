-- Purpose: rows of tollgate.limit_rule as the policy room reads them. Amounts are decimal text in the unit of SQL.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, name, kind, counts, per, surface, amount::text, burst::text,
  (extract(epoch FROM every) * 1000)::float8 AS every_ms,
  "window", week_starts, time_zone, pace_ms_max, applies_to_plan, applies_to_account, applies_to_project, applies_to_department,
  enforce_at, posture, shadow, refuses_with_429
FROM (
  SELECT * FROM tollgate.limit_rule WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT * FROM jsonb_populate_recordset(NULL::tollgate.limit_rule, $2::jsonb)
) r
