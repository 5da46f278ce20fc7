-- Purpose: coarsen old entries that have no day of their own.
-- Guarantee: at most $1 rows, only older than 30 days (subjects: 34).
-- Parameters: $1 rows at most. Answers how many.
WITH done AS (
  UPDATE tollgate.usage_entry_default
     SET address = tollgate.coarse_address(address), file = '',
         subjects = CASE WHEN at < now() - interval '34 days'
                         THEN ARRAY(SELECT name FROM unnest(subjects) AS name WHERE NOT name ~ '^address:')
                         ELSE subjects END
   WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM tollgate.usage_entry_default
          WHERE at < now() - interval '30 days'
            AND (file <> '' OR address <> tollgate.coarse_address(address)
                 OR at < now() - interval '34 days' AND EXISTS (SELECT FROM unnest(subjects) AS name WHERE name ~ '^address:'))
          LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING 1
)
SELECT count(*)::int AS done FROM done
