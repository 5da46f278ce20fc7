-- Purpose: forget hours of usage that nobody is to be shown any more.
-- Guarantee: at most $2 rows. Rows that a drain holds are left for the next time.
-- Parameters: $1 days to keep, $2 rows at most. Answers how many.
WITH gone AS (
  DELETE FROM tollgate.usage_hour
   WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM tollgate.usage_hour
          WHERE hour < now() - greatest(35, $1::integer) * interval '1 day' ORDER BY hour LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING 1
)
SELECT count(*)::int AS done FROM gone
