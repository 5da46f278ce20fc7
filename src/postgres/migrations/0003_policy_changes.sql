-- Purpose: every change of policy is written down, gets a version and rings the doorbell `tollgate_policy`.
-- Guarantee: a change becomes visible together with its version; versions become visible in their order, so "everything above
--            version N" never misses a transaction that began early and committed late. An open transaction blocks nobody.

CREATE TABLE tollgate.policy_history (
  only_row boolean NOT NULL DEFAULT true CONSTRAINT policy_history_only_row_pk PRIMARY KEY,
  history uuid NOT NULL DEFAULT gen_random_uuid(),
  CONSTRAINT policy_history_has_one_row CHECK (only_row)
);
COMMENT ON TABLE tollgate.policy_history IS 'Names the history that versions belong to. One row.';
COMMENT ON COLUMN tollgate.policy_history.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN tollgate.policy_history.history IS 'Random. Drawn anew by tollgate.redraw_history().';
INSERT INTO tollgate.policy_history DEFAULT VALUES;

CREATE SEQUENCE tollgate.policy_version_number;
COMMENT ON SEQUENCE tollgate.policy_version_number IS 'The next version of the policy.';

CREATE TABLE tollgate.policy_commit (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT policy_commit_id_is_unique PRIMARY KEY,
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  version bigint CONSTRAINT policy_commit_version_is_unique UNIQUE,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- Without a version it belongs to the transaction in progress; a restored row of the same transaction number has one.
CREATE UNIQUE INDEX policy_commit_in_progress ON tollgate.policy_commit (transaction) WHERE version IS NULL;
COMMENT ON TABLE tollgate.policy_commit IS 'One row per committed transaction that changed policy.';
COMMENT ON COLUMN tollgate.policy_commit.id IS 'What policy_change.commit names.';
COMMENT ON COLUMN tollgate.policy_commit.transaction IS 'Number of the transaction.';
COMMENT ON COLUMN tollgate.policy_commit.version IS 'Version of the policy from this transaction on. Taken at COMMIT.';
COMMENT ON COLUMN tollgate.policy_commit.at IS 'When the version was taken.';

CREATE VIEW tollgate.policy_version AS
  SELECT h.history::text || '-' || d.oid AS history, coalesce((SELECT max(c.version) FROM tollgate.policy_commit c), 0) AS version
  FROM tollgate.policy_history h, pg_catalog.pg_database d
  WHERE d.datname = current_database();
COMMENT ON VIEW tollgate.policy_version IS 'The version of the policy, and the history it belongs to.';
COMMENT ON COLUMN tollgate.policy_version.history IS 'Versions of another history cannot be compared: whoever sees another one reads everything anew. A copy or a restored dump has its own; after a restore in place call tollgate.redraw_history().';
COMMENT ON COLUMN tollgate.policy_version.version IS 'Grows with every committed change of policy. May skip numbers.';

CREATE TABLE tollgate.policy_change (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT policy_change_id_is_unique PRIMARY KEY,
  commit bigint NOT NULL CONSTRAINT policy_change_commit_exists REFERENCES tollgate.policy_commit,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  by text NOT NULL,
  table_name text NOT NULL,
  key text NOT NULL,
  old jsonb,
  new jsonb
);
CREATE INDEX policy_change_commit ON tollgate.policy_change (commit);
CREATE INDEX policy_change_row ON tollgate.policy_change (table_name, key);
COMMENT ON TABLE tollgate.policy_change IS 'Every change of every policy row, whoever made it and how. Nothing is ever changed or removed here.';
COMMENT ON COLUMN tollgate.policy_change.id IS 'In the order of writing, not of COMMIT.';
COMMENT ON COLUMN tollgate.policy_change.commit IS 'The transaction it belongs to, and through it the version.';
COMMENT ON COLUMN tollgate.policy_change.at IS 'When the statement ran.';
COMMENT ON COLUMN tollgate.policy_change.by IS 'The setting tollgate.actor if the session has one, else the user of the session.';
COMMENT ON COLUMN tollgate.policy_change.table_name IS 'The table.';
COMMENT ON COLUMN tollgate.policy_change.key IS 'Id of the row. Of a price_tier the id of its price.';
COMMENT ON COLUMN tollgate.policy_change.old IS 'The row before; NULL when it is new. Columns listed in secret_column only as sha256:….';
COMMENT ON COLUMN tollgate.policy_change.new IS 'The row after; NULL when it is gone. Columns listed in secret_column only as sha256:….';

CREATE TABLE tollgate.secret_column (
  table_name text NOT NULL,
  column_name text NOT NULL,
  CONSTRAINT secret_column_is_listed_once PRIMARY KEY (table_name, column_name)
);
COMMENT ON TABLE tollgate.secret_column IS 'Columns whose values policy_change shows only by digest.';
COMMENT ON COLUMN tollgate.secret_column.table_name IS 'A table of the schema tollgate.';
COMMENT ON COLUMN tollgate.secret_column.column_name IS 'Its column.';
INSERT INTO tollgate.secret_column VALUES ('upstream', 'credential');

CREATE TABLE tollgate.emptied_table (
  table_name text NOT NULL CONSTRAINT emptied_table_is_confirmed_once PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  by text NOT NULL DEFAULT session_user,
  CONSTRAINT emptied_table_is_one_that_is_held
    CHECK (table_name IN ('department', 'project', 'account', 'plan', 'upstream', 'limit_rule', 'price_rule'))
);
COMMENT ON TABLE tollgate.emptied_table IS 'Tables somebody emptied on purpose. One that is empty without being here is taken for an accident: its last rows stay in force.';
COMMENT ON COLUMN tollgate.emptied_table.table_name IS 'The table. Goes from here as soon as the table has a row again.';
COMMENT ON COLUMN tollgate.emptied_table.at IS 'When it was confirmed.';
COMMENT ON COLUMN tollgate.emptied_table.by IS 'Who confirmed it.';

CREATE FUNCTION tollgate.change_set() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_id bigint := (SELECT c.id FROM tollgate.policy_commit c WHERE c.transaction = pg_current_xact_id() AND c.version IS NULL);
BEGIN
  IF found_id IS NULL THEN
    INSERT INTO tollgate.policy_commit DEFAULT VALUES RETURNING id INTO found_id;
  END IF;
  RETURN found_id;
END
$$;
COMMENT ON FUNCTION tollgate.change_set IS 'The policy_commit of the transaction in progress, made if need be.';

CREATE FUNCTION tollgate.take_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  next_version bigint;
BEGIN
  -- Held only while this transaction commits, and released after it is visible: so versions become visible in order. A lock and a
  -- sequence, not a counter in a row, because a repeatable-read transaction could not update a row that has changed since it began.
  PERFORM pg_advisory_xact_lock(7305, 2);
  next_version := nextval('tollgate.policy_version_number');
  UPDATE tollgate.policy_commit SET version = next_version, at = clock_timestamp() WHERE id = NEW.id;
  PERFORM pg_notify('tollgate_policy', next_version::text);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION tollgate.take_version IS 'Trigger at COMMIT: takes the next version and rings the doorbell.';
CREATE CONSTRAINT TRIGGER policy_commit_takes_version AFTER INSERT ON tollgate.policy_commit
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tollgate.take_version();

CREATE FUNCTION tollgate.without_secrets(row_values jsonb, secrets text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN row_values IS NULL OR secrets IS NULL THEN row_values ELSE row_values || coalesce(
    (SELECT jsonb_object_agg(s, 'sha256:' || encode(sha256(convert_to(row_values ->> s, 'UTF8')), 'hex'))
     FROM unnest(secrets) s WHERE row_values ->> s IS NOT NULL), '{}') END
$$;
COMMENT ON FUNCTION tollgate.without_secrets IS 'The row with each secret value replaced by its digest.';

-- Arguments: the columns that identify a row; the first is the key that readers look rows up by.
CREATE FUNCTION tollgate.record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  secrets text[] := (SELECT array_agg(s.column_name) FROM tollgate.secret_column s WHERE s.table_name = TG_TABLE_NAME);
  actor text := coalesce(nullif(current_setting('tollgate.actor', true), ''), session_user);
  change_set bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
    change_set := tollgate.change_set();
    INSERT INTO tollgate.policy_change (commit, by, table_name, key, new)
      SELECT change_set, actor, TG_TABLE_NAME, to_jsonb(n) ->> TG_ARGV[0], tollgate.without_secrets(to_jsonb(n), secrets)
      FROM new_rows n;
    IF TG_TABLE_NAME <> 'emptied_table' THEN
      DELETE FROM tollgate.emptied_table e WHERE e.table_name = TG_TABLE_NAME;
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    IF NOT EXISTS (SELECT FROM old_rows) THEN RETURN NULL; END IF;
    change_set := tollgate.change_set();
    INSERT INTO tollgate.policy_change (commit, by, table_name, key, old)
      SELECT change_set, actor, TG_TABLE_NAME, to_jsonb(o) ->> TG_ARGV[0], tollgate.without_secrets(to_jsonb(o), secrets)
      FROM old_rows o;
  ELSIF TG_OP = 'UPDATE' THEN
    IF NOT EXISTS (SELECT to_jsonb(n) FROM new_rows n EXCEPT SELECT to_jsonb(o) FROM old_rows o) THEN RETURN NULL; END IF;
    change_set := tollgate.change_set();
    INSERT INTO tollgate.policy_change (commit, by, table_name, key, old, new)
      SELECT change_set, actor, TG_TABLE_NAME, coalesce(n.row_values, o.row_values) ->> TG_ARGV[0],
        tollgate.without_secrets(o.row_values, secrets), tollgate.without_secrets(n.row_values, secrets)
      FROM (SELECT to_jsonb(r) AS row_values FROM old_rows r) o
      FULL JOIN (SELECT to_jsonb(r) AS row_values FROM new_rows r) n
        ON n.row_values ->> TG_ARGV[0] = o.row_values ->> TG_ARGV[0]
        AND coalesce(n.row_values ->> TG_ARGV[1], '') = coalesce(o.row_values ->> TG_ARGV[1], '')
      WHERE n.row_values IS DISTINCT FROM o.row_values;
  ELSE -- BEFORE TRUNCATE, while the rows are still there
    EXECUTE format('SELECT tollgate.change_set() FROM %I.%I LIMIT 1', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO change_set;
    IF change_set IS NULL THEN RETURN NULL; END IF;
    EXECUTE format(
      'INSERT INTO tollgate.policy_change (commit, by, table_name, key, old)
       SELECT $1, $2, $3, to_jsonb(o) ->> $4, tollgate.without_secrets(to_jsonb(o), $5) FROM %I.%I o',
      TG_TABLE_SCHEMA, TG_TABLE_NAME) USING change_set, actor, TG_TABLE_NAME, TG_ARGV[0], secrets;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION tollgate.record_change IS 'Trigger: writes every changed row to policy_change. A statement that changes nothing writes nothing.';

DO $$
DECLARE
  tracked record;
BEGIN
  FOR tracked IN SELECT * FROM (VALUES
    ('plan', 'id'), ('department', 'id'), ('project', 'id'), ('account', 'id'), ('token', 'id'), ('upstream', 'id'),
    ('limit_rule', 'id'), ('price_rule', 'id'), ('price_tier', 'price, from_bytes'), ('access_rule', 'id'),
    ('secret_column', 'table_name, column_name'), ('emptied_table', 'table_name')
  ) AS t (name, key_columns)
  LOOP
    EXECUTE format('CREATE TRIGGER insert_is_recorded AFTER INSERT ON tollgate.%I REFERENCING NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(%s)', tracked.name, tracked.key_columns);
    EXECUTE format('CREATE TRIGGER update_is_recorded AFTER UPDATE ON tollgate.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(%s)', tracked.name, tracked.key_columns);
    EXECUTE format('CREATE TRIGGER delete_is_recorded AFTER DELETE ON tollgate.%I REFERENCING OLD TABLE AS old_rows
      FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(%s)', tracked.name, tracked.key_columns);
    EXECUTE format('CREATE TRIGGER truncate_is_recorded BEFORE TRUNCATE ON tollgate.%I
      FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(%s)', tracked.name, tracked.key_columns);
  END LOOP;
END
$$;

CREATE FUNCTION tollgate.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'tollgate.% is append-only', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_is_append_only', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END
$$;
COMMENT ON FUNCTION tollgate.refuse_change IS 'Trigger: refuses whatever it is put on.';
CREATE TRIGGER policy_change_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tollgate.policy_change
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.refuse_change();
CREATE TRIGGER policy_commit_is_append_only BEFORE DELETE OR TRUNCATE ON tollgate.policy_commit
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.refuse_change();
CREATE TRIGGER policy_commit_version_is_taken_once BEFORE UPDATE ON tollgate.policy_commit
  FOR EACH ROW WHEN (OLD.version IS NOT NULL) EXECUTE FUNCTION tollgate.refuse_change();

CREATE FUNCTION tollgate.confirm_emptied(emptied text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  has_rows boolean;
BEGIN
  IF to_regclass(format('tollgate.%I', emptied)) IS NULL THEN
    RAISE EXCEPTION 'there is no table tollgate.%', emptied USING ERRCODE = 'undefined_table';
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM tollgate.%I)', emptied) INTO has_rows;
  IF has_rows THEN
    RAISE EXCEPTION 'tollgate.% is not empty', emptied USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO tollgate.emptied_table (table_name) VALUES (emptied) ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION tollgate.confirm_emptied IS 'Says that a table was emptied on purpose, so that its last rows are no longer held in force: SELECT tollgate.confirm_emptied(''limit_rule'').';

CREATE FUNCTION tollgate.redraw_history() RETURNS void
LANGUAGE sql AS $$
  UPDATE tollgate.policy_history SET history = gen_random_uuid();
  SELECT pg_notify('tollgate_policy', 'history');
$$;
COMMENT ON FUNCTION tollgate.redraw_history IS 'Call it after a restore in place: every process reads the whole policy anew.';
