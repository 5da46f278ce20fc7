-- Purpose: forget old entries that have no day of their own to be dropped with.
-- Guarantee: at most $2 rows, none of the last 35 days.
-- Parameters: $1 days to keep, $2 rows at most. Answers how many.
WITH gone AS (
  DELETE FROM tollgate.usage_entry_default AS old
   WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM tollgate.usage_entry_default
          WHERE at < now() - greatest(35, $1::integer) * interval '1 day' LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING 1
)
SELECT count(*)::int AS done FROM gone
