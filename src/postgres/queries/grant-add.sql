-- Purpose: raise a limit from now on.
-- Guarantee: in force from this database's now, as soon as the transaction commits.
-- Parameters: $1 id, $2 limit, $3 account, $4 project, $5 department (one of the three), $6 amount, $7 end, $8 note.
INSERT INTO tollgate.grant (id, limit_name, account, project, department, amount, ends_at, note)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
