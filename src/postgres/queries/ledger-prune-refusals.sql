-- Purpose: forget what was refused long ago.
-- Guarantee: at most $1 rows, none of the last 35 days. Rows that a process adds to are left for the next time.
-- Parameters: $1 rows at most. Answers how many.
WITH gone AS (
  DELETE FROM tollgate.refusal_hour
   WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM tollgate.refusal_hour WHERE hour < now() - interval '35 days' LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING 1
)
SELECT count(*)::int AS done FROM gone
