-- Purpose: an account as a holder of tokens.
-- Guarantee: at most one row.
-- Parameters: $1 account.
SELECT account.id AS account, account.project, account.disabled, account.plan, plan.token_days_max
  FROM tollgate.account
  JOIN tollgate.plan ON plan.id = account.plan
 WHERE account.id = $1
