-- Purpose: give an account a pack from now on.
-- Guarantee: in force from this database's now, as soon as the transaction commits.
-- Parameters: $1 id, $2 limit, $3 account, $4 amount, $5 end, $6 note.
INSERT INTO tollgate.grant (id, kind, limit_name, account, amount, ends_at, note) VALUES ($1, 'pack', $2, $3, $4, $5, $6)
