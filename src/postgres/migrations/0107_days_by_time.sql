-- Purpose: one day that must not be dropped keeps no other; single requests are found by time, and by token and time.
-- Guarantee: no row is changed. The indexes are built day by day in one transaction; ledgers wait for it, and what they would book waits in
--            the store.
-- Parameters: none.

CREATE OR REPLACE FUNCTION tollgate.drop_usage_days(before date, days_max integer DEFAULT 1) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  name text;
  day date;
  is_empty boolean;
  kept date;
  dropped integer := 0;
BEGIN
  FOR name, day IN
    SELECT c.relname, to_date(right(c.relname, 10), 'YYYY_MM_DD')
      FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'tollgate.usage_entry'::regclass AND c.relname ~ '^usage_entry_\d{4}_\d\d_\d\d$'
       AND to_date(right(c.relname, 10), 'YYYY_MM_DD') < before
     ORDER BY c.relname
  LOOP
    EXIT WHEN dropped >= days_max;
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM tollgate.%I WHERE is_home)', name) INTO is_empty;
    -- The sums are written with the entries; if somebody emptied them, the entries are all there is.
    IF NOT is_empty AND NOT EXISTS (
      SELECT FROM tollgate.usage_hour h
       WHERE h.hour >= day::timestamp AT TIME ZONE 'UTC' AND h.hour < (day + 2)::timestamp AT TIME ZONE 'UTC') THEN
      kept := coalesce(kept, day);
      CONTINUE;
    END IF;
    EXECUTE format('DROP TABLE tollgate.%I', name);
    DELETE FROM tollgate.usage_day d WHERE d.mint_day = day;
    dropped := dropped + 1;
  END LOOP;
  -- Said when nothing else is left to do, because an exception takes back what was done before it.
  IF dropped = 0 AND kept IS NOT NULL THEN
    RAISE EXCEPTION 'usage_hour has nothing of %, so its entries are kept', kept USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  RETURN dropped;
END
$$;
COMMENT ON FUNCTION tollgate.drop_usage_days IS 'Drops the oldest whole days of usage_entry that lie before a day, at most so many; answers how many. Passes over a day of which usage_hour has nothing, and fails when only such days are left.';

CREATE INDEX usage_entry_by_time ON tollgate.usage_entry (at) WHERE is_home;
CREATE INDEX usage_entry_by_token_and_time ON tollgate.usage_entry (token, at) WHERE is_home;
