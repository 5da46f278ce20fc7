-- Purpose: grants: for a while somebody has more of a limit.
-- Guarantee: a grant names a limit that is there, and follows it when it is renamed; it counts from starts_at to ends_at with no change
--            of policy in between. Recorded and versioned as every other row of policy.

CREATE TABLE tollgate.grant (
  id tollgate.slug NOT NULL CONSTRAINT grant_id_is_unique PRIMARY KEY,
  kind text NOT NULL DEFAULT 'raise',
  limit_name tollgate.slug NOT NULL,
  account tollgate.slug CONSTRAINT grant_account_exists REFERENCES tollgate.account ON UPDATE CASCADE ON DELETE CASCADE,
  project tollgate.slug CONSTRAINT grant_project_exists REFERENCES tollgate.project ON UPDATE CASCADE ON DELETE CASCADE,
  department tollgate.slug CONSTRAINT grant_department_exists REFERENCES tollgate.department ON UPDATE CASCADE ON DELETE CASCADE,
  amount numeric(19,3) NOT NULL,
  starts_at timestamptz NOT NULL DEFAULT now(),
  ends_at timestamptz NOT NULL,
  note text NOT NULL DEFAULT '',
  CONSTRAINT grant_kind_is_raise CHECK (kind = 'raise'),
  CONSTRAINT grant_is_for_one_thing CHECK (num_nonnulls(account, project, department) = 1),
  CONSTRAINT grant_amount_is_positive CHECK (amount > 0),
  CONSTRAINT grant_amount_is_counted_exactly CHECK (amount <= 4503599627370496),
  CONSTRAINT grant_ends_after_it_starts CHECK (isfinite(starts_at) AND isfinite(ends_at) AND ends_at > starts_at),
  CONSTRAINT grant_note_is_short CHECK (length(note) <= 500)
);
CREATE INDEX grant_account ON tollgate.grant (account);
CREATE INDEX grant_project ON tollgate.grant (project);
CREATE INDEX grant_department ON tollgate.grant (department);
CREATE INDEX grant_limit_name ON tollgate.grant (limit_name);
COMMENT ON TABLE tollgate.grant IS 'Temporary increases. From starts_at until ends_at the limit of this name, whichever row of limit_rule it is for an account, is higher for the accounts it was granted to; it acts on the running window at once. Several add up. No limit rises above what limit_rule itself may say.';
COMMENT ON COLUMN tollgate.grant.id IS 'Name of this row.';
COMMENT ON COLUMN tollgate.grant.kind IS 'raise: amount more.';
COMMENT ON COLUMN tollgate.grant.limit_name IS 'limit_rule.name of the limit. Follows when the limit is renamed.';
COMMENT ON COLUMN tollgate.grant.account IS 'Granted to this account. Exactly one of account, project and department is set.';
COMMENT ON COLUMN tollgate.grant.project IS 'Granted to each account of this project.';
COMMENT ON COLUMN tollgate.grant.department IS 'Granted to each account of this department.';
COMMENT ON COLUMN tollgate.grant.amount IS 'How much more, in the unit of limit_rule.amount: of a quota in each window, of a concurrency at one time, of a rate at once (its burst; what refills stays as it is).';
COMMENT ON COLUMN tollgate.grant.starts_at IS 'From this instant on it counts.';
COMMENT ON COLUMN tollgate.grant.ends_at IS 'From this instant on it counts for nothing. What was used of it stays used.';
COMMENT ON COLUMN tollgate.grant.note IS 'For people; Tollgate does not read it.';

CREATE FUNCTION tollgate.grant_fits_its_limit() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  found_counts text[] := (SELECT array_agg(DISTINCT l.counts) FROM tollgate.limit_rule l WHERE l.name = NEW.limit_name);
BEGIN
  IF found_counts IS NULL THEN
    RAISE EXCEPTION 'grant % is of a limit % that is not there', NEW.id, NEW.limit_name
      USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'grant_limit_exists', TABLE = 'grant', SCHEMA = 'tollgate',
        HINT = 'limit_name is a limit_rule.name.';
  END IF;
  IF NEW.amount <> trunc(NEW.amount) AND found_counts <> ARRAY['credits'] THEN
    RAISE EXCEPTION 'grant % is of a limit that counts whole %', NEW.id, array_to_string(found_counts, ', ')
      USING ERRCODE = 'check_violation', CONSTRAINT = 'grant_is_whole_unless_of_credits', TABLE = 'grant', SCHEMA = 'tollgate';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.grant_fits_its_limit IS 'Trigger: a grant is of a limit that is there when it is written, in whole units unless it counts credits.';
CREATE TRIGGER grant_fits_its_limit BEFORE INSERT OR UPDATE OF limit_name, amount ON tollgate.grant
  FOR EACH ROW EXECUTE FUNCTION tollgate.grant_fits_its_limit();

CREATE FUNCTION tollgate.grants_follow_their_limit() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tollgate.grant g SET limit_name = NEW.name
  WHERE g.limit_name = OLD.name AND NOT EXISTS (SELECT FROM tollgate.limit_rule l WHERE l.name = OLD.name);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION tollgate.grants_follow_their_limit IS 'Trigger: when the last row of a name is renamed, so are its grants.';
CREATE TRIGGER grants_follow_their_limit AFTER UPDATE OF name ON tollgate.limit_rule
  FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION tollgate.grants_follow_their_limit();

CREATE TRIGGER insert_is_recorded AFTER INSERT ON tollgate.grant REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER update_is_recorded AFTER UPDATE ON tollgate.grant REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER delete_is_recorded AFTER DELETE ON tollgate.grant REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER truncate_is_recorded BEFORE TRUNCATE ON tollgate.grant
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
