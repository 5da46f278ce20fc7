-- Purpose: usage_entry by mint day, so that old days go whole; what upkeep has done to a day; and a shorter memory of addresses.
-- Guarantee: every row of the table as it was is in the new one. A row whose day has no table of its own goes to usage_entry_default, so
--            none is ever refused for its day. Runs in one transaction; ledgers wait for it.
-- Parameters: none.

DROP VIEW tollgate.usage_by_day;
ALTER TABLE tollgate.usage_entry RENAME TO usage_entry_before_days;
ALTER INDEX tollgate.usage_entry_is_booked_once_per_partition RENAME TO usage_entry_before_days_key;
ALTER INDEX tollgate.usage_entry_by_partition_and_time RENAME TO usage_entry_before_days_by_partition_and_time;
ALTER INDEX tollgate.usage_entry_by_account_and_time RENAME TO usage_entry_before_days_by_account_and_time;

CREATE TABLE tollgate.usage_entry (
  mint_day   date           NOT NULL,
  id         text           NOT NULL,
  partition  smallint       NOT NULL,
  is_home    boolean        NOT NULL,
  at         timestamptz    NOT NULL,
  account    text           NOT NULL,
  project    text           NOT NULL,
  department text           NOT NULL,
  token      text           NOT NULL,
  address    text           NOT NULL,
  upstream   text           NOT NULL,
  surface    text           NOT NULL,
  kind       text           NOT NULL,
  resource   text           NOT NULL,
  file       text           NOT NULL,
  outcome    text           NOT NULL,
  state      text           NOT NULL,
  unsettled  boolean        NOT NULL,
  requests   bigint         NOT NULL,
  credits    numeric(19, 3) NOT NULL,
  bytes      bigint         NOT NULL,
  gpu_ms     bigint         NOT NULL,
  subjects   text[]         NOT NULL,
  CONSTRAINT usage_entry_is_booked_once_per_partition PRIMARY KEY (mint_day, id, partition),
  CONSTRAINT usage_entry_partition_is_0_to_255 CHECK (partition BETWEEN 0 AND 255),
  CONSTRAINT usage_entry_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT usage_entry_state_is_open_or_final CHECK (state IN ('open', 'final')),
  CONSTRAINT usage_entry_amounts_are_not_negative CHECK (requests >= 0 AND credits >= 0 AND bytes >= 0 AND gpu_ms >= 0)
) PARTITION BY RANGE (mint_day);
CREATE INDEX usage_entry_by_partition_and_time ON tollgate.usage_entry (partition, at);
CREATE INDEX usage_entry_by_account_and_time ON tollgate.usage_entry (account, at);
COMMENT ON TABLE  tollgate.usage_entry IS 'The ledger: one row per request and partition it touched, at what it is booked. Sum only rows that are home, or requests of two partitions count twice. One table per mint day, dropped whole after TOLLGATE_ENTRY_DAYS; usage_hour keeps the sums';
COMMENT ON COLUMN tollgate.usage_entry.mint_day IS 'The UTC day the reservation id was made; part of the key, so that old days can be dropped whole. 1970-01-01: the id does not tell';
COMMENT ON COLUMN tollgate.usage_entry.id IS 'The reservation id';
COMMENT ON COLUMN tollgate.usage_entry.partition IS 'The partition whose stream this row comes from';
COMMENT ON COLUMN tollgate.usage_entry.is_home IS 'True in exactly one row per id, the one of the account''s partition: reports sum these';
COMMENT ON COLUMN tollgate.usage_entry.at IS 'The store''s time of the spend; it decides the hour and the day the charge belongs to';
COMMENT ON COLUMN tollgate.usage_entry.account IS 'Who is charged';
COMMENT ON COLUMN tollgate.usage_entry.project IS 'The account''s project at the time';
COMMENT ON COLUMN tollgate.usage_entry.department IS 'The project''s department at the time';
COMMENT ON COLUMN tollgate.usage_entry.token IS 'Id of the token that was presented (never the secret); empty for anonymous callers';
COMMENT ON COLUMN tollgate.usage_entry.address IS 'The caller''s address; IPv6 as its /64. After 30 days only its /24 or /48';
COMMENT ON COLUMN tollgate.usage_entry.upstream IS 'Which upstream was asked';
COMMENT ON COLUMN tollgate.usage_entry.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate.usage_entry.kind IS 'Kind of request: index, metadata, artifact, upload, call, …';
COMMENT ON COLUMN tollgate.usage_entry.resource IS 'The package or the GPU model; empty when there is none';
COMMENT ON COLUMN tollgate.usage_entry.file IS 'The artifact''s file name; empty when there is none, and after 30 days';
COMMENT ON COLUMN tollgate.usage_entry.outcome IS 'How the request ended: delivered, aborted, not_modified, head, redirect, client_error, server_error, undelivered, or unknown while nobody has told';
COMMENT ON COLUMN tollgate.usage_entry.state IS 'open: the estimate or the bytes so far; final: decided. Only final may lower what open has booked';
COMMENT ON COLUMN tollgate.usage_entry.unsettled IS 'True: nobody reported before the reservation expired, so it is booked at its estimate. A late report still corrects it';
COMMENT ON COLUMN tollgate.usage_entry.requests IS 'Requests';
COMMENT ON COLUMN tollgate.usage_entry.credits IS 'Credits';
COMMENT ON COLUMN tollgate.usage_entry.bytes IS 'Bytes the client received';
COMMENT ON COLUMN tollgate.usage_entry.gpu_ms IS 'GPU time in milliseconds';
COMMENT ON COLUMN tollgate.usage_entry.subjects IS 'Whose counters of this partition the charge moves, as kind:id; counters are recomputed from it. Addresses are left out after 34 days, when no window needs them';
CREATE TABLE tollgate.usage_entry_default PARTITION OF tollgate.usage_entry DEFAULT;

CREATE FUNCTION tollgate.add_usage_day(day date, rows_max integer DEFAULT 100000) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  name text := 'usage_entry_' || to_char(day, 'YYYY_MM_DD');
BEGIN
  IF to_regclass('tollgate.' || name) IS NOT NULL THEN
    RETURN false;
  END IF;
  -- First, so that nobody books into the default while its rows move; whoever does waits for us.
  LOCK TABLE tollgate.usage_entry_default IN ACCESS EXCLUSIVE MODE;
  IF (SELECT count(*) FROM (SELECT FROM tollgate.usage_entry_default d WHERE d.mint_day = day LIMIT rows_max + 1) AS found) > rows_max THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE tollgate.%I (LIKE tollgate.usage_entry INCLUDING ALL)', name);
  EXECUTE format('WITH moved AS (DELETE FROM tollgate.usage_entry_default WHERE mint_day = %L RETURNING *) INSERT INTO tollgate.%I SELECT * FROM moved', day, name);
  -- ATTACH, because CREATE … PARTITION OF would shut out every reader and writer of the whole ledger.
  EXECUTE format('ALTER TABLE tollgate.usage_entry ATTACH PARTITION tollgate.%I FOR VALUES FROM (%L) TO (%L)', name, day, day + 1);
  RETURN true;
END
$$;
COMMENT ON FUNCTION tollgate.add_usage_day IS 'Gives a day of usage_entry its own table and moves what the default holds of it there. False: it is there already, or the default holds more of it than may be moved at once, and then keeps it.';

CREATE FUNCTION tollgate.drop_usage_days(before date, days_max integer DEFAULT 1) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  name text;
  day date;
  is_empty boolean;
  dropped integer := 0;
BEGIN
  FOR name, day IN
    SELECT c.relname, to_date(right(c.relname, 10), 'YYYY_MM_DD')
      FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'tollgate.usage_entry'::regclass AND c.relname ~ '^usage_entry_\d{4}_\d\d_\d\d$'
       AND to_date(right(c.relname, 10), 'YYYY_MM_DD') < before
     ORDER BY c.relname LIMIT days_max
  LOOP
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM tollgate.%I WHERE is_home)', name) INTO is_empty;
    -- The sums are written with the entries; if somebody emptied them, the entries are all there is.
    IF NOT is_empty AND NOT EXISTS (
      SELECT FROM tollgate.usage_hour h
       WHERE h.hour >= day::timestamp AT TIME ZONE 'UTC' AND h.hour < (day + 2)::timestamp AT TIME ZONE 'UTC') THEN
      RAISE EXCEPTION 'usage_hour has nothing of %, so its entries are kept', day USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    EXECUTE format('DROP TABLE tollgate.%I', name);
    DELETE FROM tollgate.usage_day d WHERE d.mint_day = day;
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END
$$;
COMMENT ON FUNCTION tollgate.drop_usage_days IS 'Drops the oldest whole days of usage_entry that lie before a day, at most so many; answers how many. Refuses a day of which usage_hour has nothing.';

CREATE FUNCTION tollgate.coarse_address(address text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF address ~ '^\d{1,3}(\.\d{1,3}){3}(/\d+)?$' THEN
    RETURN regexp_replace(address, '\.\d+(/\d+)?$', '.0/24');
  END IF;
  IF strpos(address, ':') = 0 THEN
    RETURN '';
  END IF;
  RETURN host(network(set_masklen(split_part(address, '/', 1)::inet, 48))) || '/48';
EXCEPTION WHEN invalid_text_representation OR invalid_parameter_value THEN
  RETURN '';
END
$$;
COMMENT ON FUNCTION tollgate.coarse_address IS 'An address as it is kept after 30 days: IPv4 as its /24, IPv6 as its /48, anything else empty.';

CREATE TABLE tollgate.usage_day (
  mint_day           date     NOT NULL,
  step               text     NOT NULL,
  done_to_id         text     NOT NULL,
  done_to_partition  smallint NOT NULL,
  done_at            timestamptz,
  CONSTRAINT usage_day_is_coarsened_once PRIMARY KEY (mint_day, step),
  CONSTRAINT usage_day_step_is_known CHECK (step IN ('details', 'subjects'))
);
COMMENT ON TABLE  tollgate.usage_day IS 'How far old days of usage_entry are coarsened';
COMMENT ON COLUMN tollgate.usage_day.mint_day IS 'The day';
COMMENT ON COLUMN tollgate.usage_day.step IS 'details: addresses and files, after 30 days. subjects: addresses among the subjects, after 34 days';
COMMENT ON COLUMN tollgate.usage_day.done_to_id IS 'The last entry that is done; the next pass goes on after it';
COMMENT ON COLUMN tollgate.usage_day.done_to_partition IS 'Its partition';
COMMENT ON COLUMN tollgate.usage_day.done_at IS 'When the whole day was done; NULL while it is not';

SELECT tollgate.add_usage_day(day)
  FROM (SELECT DISTINCT mint_day FROM tollgate.usage_entry_before_days WHERE mint_day >= now() - interval '400 days'
         UNION
        SELECT (now() AT TIME ZONE 'UTC')::date + ahead FROM generate_series(0, 3) AS ahead) AS wanted (day)
 WHERE day <= (now() AT TIME ZONE 'UTC')::date + 3;
INSERT INTO tollgate.usage_entry SELECT * FROM tollgate.usage_entry_before_days;
DROP TABLE tollgate.usage_entry_before_days;
