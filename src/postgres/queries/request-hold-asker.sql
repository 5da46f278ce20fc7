-- Purpose: let one account ask once at a time, so that the count of its open requests is right when the next is written.
-- Guarantee: changes nothing.
-- Parameters: $1 account.
SELECT id FROM tollgate.account WHERE id = $1 FOR NO KEY UPDATE
