-- Purpose: at which versions rows of one table were something else: the newest change of each, and just before it and each earlier one.
-- Guarantee: newest first. Looks at the newest $4 changes of each row, however long the log is.
-- Parameters: $1 table, $2 ids, $3 version to look back from, $4 changes of a row at most.
SELECT k.key, s.version::text
FROM unnest($2::text[]) k (key), LATERAL (
  WITH touched AS (
    SELECT c.version FROM (
      SELECT h.commit, h.id FROM tollgate.policy_change h
      WHERE h.table_name = $1 AND h.key = k.key ORDER BY h.id DESC LIMIT $4
    ) h JOIN tollgate.policy_commit c ON c.id = h.commit
    UNION
    SELECT c.version FROM (
      SELECT h.commit, h.id FROM tollgate.policy_change h
      WHERE $1 = 'price_rule' AND h.table_name = 'price_tier' AND h.key = k.key ORDER BY h.id DESC LIMIT $4
    ) h JOIN tollgate.policy_commit c ON c.id = h.commit
  )
  SELECT max(t.version) AS version FROM touched t WHERE t.version <= $3::bigint HAVING max(t.version) IS NOT NULL
  UNION
  SELECT t.version - 1 FROM touched t WHERE t.version <= $3::bigint
) s
ORDER BY k.key, s.version DESC
