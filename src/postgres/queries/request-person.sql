-- Purpose: an account as far as it asks and decides.
-- Guarantee: at most one row.
-- Parameters: $1 account.
SELECT account.id, account.role, account.project, project.department, account.disabled, account.time_zone, account.plan, plan.bridge_percent
  FROM tollgate.account
  JOIN tollgate.project ON project.id = account.project
  JOIN tollgate.plan ON plan.id = account.plan
 WHERE account.id = $1
