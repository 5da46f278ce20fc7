-- Purpose: rows of tollgate.limit_rule as the policy room reads them. Amounts are decimal text in the unit of SQL.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all.
SELECT id, name, kind, counts, per, surface, amount::text, burst::text,
  (extract(epoch FROM every) * 1000)::float8 AS every_ms,
  "window", time_zone, applies_to_plan, applies_to_account, applies_to_project, applies_to_department,
  enforce_at, posture, shadow, refuses_with_429
FROM tollgate.limit_rule
WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
