-- Purpose: give the days around today their own tables of usage_entry, ahead of the first booking.
-- Guarantee: what the default holds of them moves along; a day that is there stays as it is.
-- Parameters: none. Answers how many were made.
SELECT (count(*) FILTER (WHERE tollgate.add_usage_day((now() AT TIME ZONE 'UTC')::date + ahead)))::int AS done
  FROM generate_series(-2, 3) AS ahead
