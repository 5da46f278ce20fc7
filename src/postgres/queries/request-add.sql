-- Purpose: keep a new request.
-- Guarantee: asked at this database's now.
-- Parameters: $1 id, $2 asker, $3 limit, $4 account, $5 project, $6 department (one of the three), $7 amount, $8 end, $9 reason.
INSERT INTO tollgate.quota_request (id, asked_by, limit_name, account, project, department, amount, ends_at, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
