-- Purpose: the rows that an empty table had last, each with a version at which it was there. None when it never had any, or when somebody
--          has confirmed since that it is empty on purpose.
-- Guarantee: those that the last removing commit took; if the last commit left rows behind, nobody recorded how they went, and it is they.
-- Parameters: $1 table, $2 version to look back from.
WITH step AS (
  SELECT h.key, c.version,
    (array_agg(h.old IS NOT NULL ORDER BY h.id))[1] AS was_there, (array_agg(h.new IS NOT NULL ORDER BY h.id DESC))[1] AS is_there
  FROM tollgate.policy_change h JOIN tollgate.policy_commit c ON c.id = h.commit
  WHERE h.table_name = $1 AND c.version <= $2::bigint
  GROUP BY h.key, c.version
), last_step AS (
  SELECT DISTINCT ON (s.key) s.key, s.version, s.is_there FROM step s WHERE s.was_there OR s.is_there ORDER BY s.key, s.version DESC
), last_commit AS (
  SELECT l.version, bool_or(l.is_there) AS left_rows FROM last_step l GROUP BY l.version ORDER BY l.version DESC LIMIT 1
)
SELECT l.key, (CASE WHEN c.left_rows THEN c.version ELSE c.version - 1 END)::text AS version
FROM last_step l, last_commit c
WHERE CASE WHEN c.left_rows THEN l.is_there ELSE l.version = c.version END
  AND NOT EXISTS (
    SELECT FROM tollgate.policy_change e JOIN tollgate.policy_commit ec ON ec.id = e.commit
    WHERE e.table_name = 'emptied_table' AND e.key = $1 AND e.new IS NOT NULL AND ec.version BETWEEN c.version AND $2::bigint
  )
