-- Purpose: which day of usage_entry is to be coarsened next, and after which entry it goes on.
-- Guarantee: the oldest that is due and not done; no row when there is none.
-- Parameters: $1 step, $2 days after which a day is due.
WITH due AS (
  SELECT to_date(right(c.relname, 10), 'YYYY_MM_DD') AS day
    FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
   WHERE i.inhparent = 'tollgate.usage_entry'::regclass AND c.relname ~ '^usage_entry_\d{4}_\d\d_\d\d$'
)
SELECT due.day::text, coalesce(known.done_to_id, '') AS id, coalesce(known.done_to_partition, -1) AS partition
  FROM due LEFT JOIN tollgate.usage_day AS known ON known.mint_day = due.day AND known.step = $1
 WHERE due.day < (now() AT TIME ZONE 'UTC')::date - $2::integer AND known.done_at IS NULL
 ORDER BY due.day LIMIT 1
