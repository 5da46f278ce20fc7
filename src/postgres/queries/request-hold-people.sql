-- Purpose: keep accounts as they are until the transaction ends: a decider's role, and the project of whom it is for.
-- Guarantee: changes nothing; locks in the order of ids.
-- Parameters: $1 accounts.
SELECT id FROM tollgate.account WHERE id = ANY ($1::text[]) ORDER BY id FOR SHARE
