-- Purpose: who changed which row of policy, newest first.
-- Guarantee: reads only. Secrets are in the change log by their digests alone.
-- Parameters: $1 table, $2 key, $3 by, each NULL for all; $4 and $5 from and before which time, or NULL; $6 only ids below, or NULL;
--             $7 at most so many.
SELECT h.id::text AS id, h.at, c.version::float8 AS version, h.by, h.table_name, h.key, h.old, h.new
  FROM tollgate.policy_change h
  JOIN tollgate.policy_commit c ON c.id = h.commit
 WHERE ($1::text IS NULL OR h.table_name = $1) AND ($2::text IS NULL OR h.key = $2) AND ($3::text IS NULL OR h.by = $3)
   AND ($4::timestamptz IS NULL OR h.at >= $4) AND ($5::timestamptz IS NULL OR h.at < $5)
   AND ($6::bigint IS NULL OR h.id < $6)
 ORDER BY h.id DESC
 LIMIT $7
