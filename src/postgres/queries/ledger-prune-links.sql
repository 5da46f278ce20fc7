-- Purpose: forget decision links that have long decided nothing any more.
-- Guarantee: at most $1 rows, each over for a week.
-- Parameters: $1 rows at most. Answers how many.
WITH gone AS (
  DELETE FROM tollgate.decision_link
   WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM tollgate.decision_link WHERE expires_at < now() - interval '7 days' LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING 1
)
SELECT count(*)::int AS done FROM gone
