-- Purpose: forget hours of usage that nobody is to be shown any more.
-- Guarantee: at most $2 rows; none of a day whose entries are still there, nor of the day after it, because ledger-drop-days.sql drops a day
--            only when it finds its sums. Rows that a drain holds are left for the next time.
-- Parameters: $1 days to keep, $2 rows at most. Answers how many.
WITH days AS MATERIALIZED (
  SELECT to_date(right(c.relname, 10), 'YYYY_MM_DD') AS day
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
   WHERE i.inhparent = 'tollgate.usage_entry'::regclass AND c.relname ~ '^usage_entry_\d{4}_\d\d_\d\d$'
), gone AS (
  DELETE FROM tollgate.usage_hour
   WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM tollgate.usage_hour AS old
          WHERE old.hour < now() - greatest(37, $1::integer) * interval '1 day'
            AND (old.hour AT TIME ZONE 'UTC')::date NOT IN (SELECT day FROM days)
            AND (old.hour AT TIME ZONE 'UTC')::date - 1 NOT IN (SELECT day FROM days)
          ORDER BY old.hour LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING 1
)
SELECT count(*)::int AS done FROM gone
