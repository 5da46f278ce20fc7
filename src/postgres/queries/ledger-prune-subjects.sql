-- Purpose: forget hours of subjects that no window can need: the longest is 31 days, and a report comes at most 48 hours late.
-- Guarantee: at most $1 rows. Rows that a drain holds are left for the next time.
-- Parameters: $1 rows at most. Answers how many.
WITH gone AS (
  DELETE FROM tollgate.subject_hour
   WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM tollgate.subject_hour
          WHERE hour < now() - interval '34 days' ORDER BY hour LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING 1
)
SELECT count(*)::int AS done FROM gone
