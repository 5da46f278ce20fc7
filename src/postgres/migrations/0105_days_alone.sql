-- Purpose: a new day of usage_entry comes while nobody else has the ledger open.
-- Guarantee: who is booking meanwhile waits for some milliseconds and then sees the new table. Attached beside running statements, a
--            connection was seen to go on with the old list of days and to book into the default what belongs to the new table.
-- Parameters: none.

CREATE OR REPLACE FUNCTION tollgate.add_usage_day(day date, rows_max integer DEFAULT 100000) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  name text := 'usage_entry_' || to_char(day, 'YYYY_MM_DD');
BEGIN
  IF to_regclass('tollgate.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  LOCK TABLE tollgate.usage_entry IN ACCESS EXCLUSIVE MODE;
  IF to_regclass('tollgate.' || name) IS NOT NULL
    OR (SELECT count(*) FROM (SELECT FROM tollgate.usage_entry_default d WHERE d.mint_day = day LIMIT rows_max + 1) AS found) > rows_max THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE tollgate.%I (LIKE tollgate.usage_entry INCLUDING ALL)', name);
  EXECUTE format('WITH moved AS (DELETE FROM tollgate.usage_entry_default WHERE mint_day = %L RETURNING *) INSERT INTO tollgate.%I SELECT * FROM moved', day, name);
  EXECUTE format('ALTER TABLE tollgate.usage_entry ATTACH PARTITION tollgate.%I FOR VALUES FROM (%L) TO (%L)', name, day, day + 1);
  RETURN true;
END
$$;
