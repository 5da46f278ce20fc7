-- Purpose: forget counters whose window is long over.
-- Guarantee: at most $1 rows; hours and days only 72 hours after their end (48 for late reports, the rest for whoever looks), weeks and months
--            after 35 days, and all that name an address after 48 hours. Rows that a drain holds are left for the next time.
-- Parameters: $1 rows at most. Answers how many.
WITH gone AS (
  DELETE FROM tollgate.quota_usage
   WHERE id = ANY (ARRAY(
         SELECT id FROM tollgate.quota_usage
          WHERE end_at < now() - CASE WHEN subject_kind = 'address' THEN interval '48 hours'
                                      WHEN window_kind IN ('hour', 'day') THEN interval '72 hours' ELSE interval '35 days' END
          LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING 1
)
SELECT count(*)::int AS done FROM gone
