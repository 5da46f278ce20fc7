-- Purpose: which rows changed since a version of the same history.
-- Guarantee: complete: a version is visible only together with its changes and after all lower ones. Costs what the changes cost,
--            however long the change log is: OFFSET 0 keeps PostgreSQL from joining by reading all of it.
-- Parameters: $1 version, $2 lines at most; whoever gets as many reads everything.
SELECT DISTINCT h.table_name, h.key
FROM (SELECT c.id FROM tollgate.policy_commit c WHERE c.version > $1::bigint ORDER BY c.version LIMIT $2) t,
  LATERAL (SELECT p.table_name, p.key FROM tollgate.policy_change p WHERE p.commit = t.id OFFSET 0) h
LIMIT $2
