-- Purpose: which rows changed since a version.
-- Guarantee: complete: a version is visible only together with its changes and after all lower ones. At least one line; a line with
--            table_name NULL says that nothing changed, or that the history is another and everything must be read.
-- Parameters: $1 history, $2 version (text), $3 lines at most; whoever gets as many reads everything.
SELECT v.history, v.version::float8 AS version, c.table_name, c.key
FROM tollgate.policy_version v
LEFT JOIN LATERAL (
  SELECT DISTINCT h.table_name, h.key
  FROM tollgate.policy_commit t JOIN tollgate.policy_change h ON h.commit = t.id
  WHERE t.version > $2::bigint AND v.history = $1
  LIMIT $3
) c ON true
