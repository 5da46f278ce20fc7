-- Purpose: the row of limit_rule that holds for an account, a project or a department under one name.
-- Guarantee: at most one row: of an account the most specific, as the engine resolves it; of a project or department the widest that holds for
--            any of its people.
-- Parameters: $1 limit_rule.name; $2 account, project or department; $3 its id.
WITH people AS (
  SELECT account.id, account.plan, account.project, project.department
    FROM tollgate.account
    JOIN tollgate.project ON project.id = account.project
   WHERE $3 = CASE $2::text WHEN 'account' THEN account.id WHEN 'project' THEN account.project ELSE project.department END
), places AS (
  SELECT project, department FROM people
   UNION
  SELECT id, department FROM tollgate.project WHERE $3 = CASE $2 WHEN 'project' THEN id WHEN 'department' THEN department END
   UNION
  SELECT NULL, id FROM tollgate.department WHERE $2 = 'department' AND id = $3
)
SELECT limit_rule.id AS rule, limit_rule.kind, limit_rule.counts, limit_rule.per, coalesce(limit_rule.surface, 'any') AS surface,
       trim_scale(limit_rule.amount)::text AS amount, limit_rule.shadow, limit_rule.time_zone,
       CASE limit_rule."window" WHEN 'week' THEN 'week_' || left(coalesce(limit_rule.week_starts, 'monday'), 3)
                                ELSE limit_rule."window" END AS window_kind
  FROM tollgate.limit_rule
 CROSS JOIN LATERAL (SELECT CASE WHEN applies_to_account IS NOT NULL THEN 1 WHEN applies_to_project IS NOT NULL THEN 2
                                 WHEN applies_to_department IS NOT NULL THEN 3 WHEN applies_to_plan IS NOT NULL THEN 4 ELSE 5 END) AS width (rank)
 WHERE limit_rule.name = $1
   AND (width.rank = 5
        OR applies_to_account IN (SELECT id FROM people) OR applies_to_plan IN (SELECT plan FROM people)
        OR applies_to_project IN (SELECT project FROM places) OR applies_to_department IN (SELECT department FROM places))
 ORDER BY CASE $2 WHEN 'account' THEN width.rank ELSE -width.rank END, limit_rule.id
 LIMIT 1
