-- Purpose: where in the organisation more of a limit would go.
-- Guarantee: one row if there is such a thing, else none. `project` is NULL for a department.
-- Parameters: $1 account, project or department; $2 its id.
SELECT project.id AS project, project.department
  FROM tollgate.account
  JOIN tollgate.project ON project.id = account.project
 WHERE $1::text = 'account' AND account.id = $2
UNION ALL
SELECT id, department FROM tollgate.project WHERE $1 = 'project' AND id = $2
UNION ALL
SELECT NULL, id FROM tollgate.department WHERE $1 = 'department' AND id = $2
