-- Purpose: how many requests of an account wait for a decision.
-- Guarantee: reads only.
-- Parameters: $1 account.
SELECT count(*)::int AS open FROM tollgate.quota_request WHERE asked_by = $1 AND state = 'open'
