-- Purpose: which rows changed since a version of the same history.
-- Guarantee: complete: a version is visible only together with its changes and after all lower ones.
-- Parameters: $1 version, $2 lines at most; whoever gets as many reads everything.
SELECT DISTINCT h.table_name, h.key
FROM tollgate.policy_commit t JOIN tollgate.policy_change h ON h.commit = t.id
WHERE t.version > $1::bigint
LIMIT $2
