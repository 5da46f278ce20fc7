-- Purpose: who there is: departments, projects, accounts, plans and tokens, and what is fixed at install.
-- Guarantee: every row has the partition it keeps for ever; a token never outlives its plan's days; only digests of tokens are kept.

CREATE DOMAIN tollgate.slug AS text
  CONSTRAINT slug_is_lower_case_and_short CHECK (VALUE ~ '^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$');
COMMENT ON DOMAIN tollgate.slug IS 'An id typed by hand: 1 to 64 of a-z, 0-9, dot, underscore and hyphen, beginning and ending with a letter or digit.';

CREATE FUNCTION tollgate.is_time_zone(zone text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  PERFORM timestamptz 'epoch' AT TIME ZONE zone;
  -- PostgreSQL also takes abbreviations and POSIX rules such as FOO+3, which the rest of the world does not.
  RETURN zone ~ '^(UTC|[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)+)$';
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN false;
END
$$;
COMMENT ON FUNCTION tollgate.is_time_zone IS 'True for UTC and for an IANA name such as Asia/Shanghai that this PostgreSQL knows.';

CREATE TABLE tollgate.store_meta (
  only_row boolean NOT NULL DEFAULT true CONSTRAINT store_meta_only_row_pk PRIMARY KEY,
  partitions smallint NOT NULL DEFAULT 256,
  format smallint NOT NULL DEFAULT 1,
  -- Three random UUIDs carry 366 random bits; this PostgreSQL may have no pgcrypto.
  ticket_key text NOT NULL DEFAULT
    encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex'),
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT store_meta_has_one_row CHECK (only_row),
  CONSTRAINT store_meta_partitions_are_256 CHECK (partitions = 256),
  CONSTRAINT store_meta_format_is_known CHECK (format = 1),
  CONSTRAINT store_meta_ticket_key_is_32_bytes CHECK (ticket_key ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE tollgate.store_meta IS 'What is fixed when Tollgate is installed. One row.';
COMMENT ON COLUMN tollgate.store_meta.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN tollgate.store_meta.partitions IS 'Into how many partitions subjects are spread. Never changes.';
COMMENT ON COLUMN tollgate.store_meta.format IS 'Format of the data in the spend store. Not the release.';
COMMENT ON COLUMN tollgate.store_meta.ticket_key IS 'Secret: signs tickets when the settings name no key. 32 bytes as hex.';
COMMENT ON COLUMN tollgate.store_meta.created_at IS 'When Tollgate was installed here.';
INSERT INTO tollgate.store_meta DEFAULT VALUES;

CREATE TABLE tollgate.plan (
  id tollgate.slug NOT NULL CONSTRAINT plan_id_is_unique PRIMARY KEY,
  token_days_max integer NOT NULL DEFAULT 7,
  note text NOT NULL DEFAULT '',
  CONSTRAINT plan_token_days_max_is_1_to_3650 CHECK (token_days_max BETWEEN 1 AND 3650),
  CONSTRAINT plan_note_is_short CHECK (length(note) <= 500)
);
COMMENT ON TABLE tollgate.plan IS 'What an account signed up for. Limits apply to a plan by limit_rule.applies_to_plan.';
COMMENT ON COLUMN tollgate.plan.id IS 'Name of the plan, such as free.';
COMMENT ON COLUMN tollgate.plan.token_days_max IS 'Longest life of a token of such an account, in days.';
COMMENT ON COLUMN tollgate.plan.note IS 'For people; Tollgate does not read it.';

CREATE TABLE tollgate.department (
  id tollgate.slug NOT NULL CONSTRAINT department_id_is_unique PRIMARY KEY,
  partition smallint NOT NULL,
  note text NOT NULL DEFAULT '',
  CONSTRAINT department_partition_is_0_to_255 CHECK (partition BETWEEN 0 AND 255),
  CONSTRAINT department_note_is_short CHECK (length(note) <= 500)
);
COMMENT ON TABLE tollgate.department IS 'The widest circle that is charged: has projects.';
COMMENT ON COLUMN tollgate.department.id IS 'Name of the department, such as research.';
COMMENT ON COLUMN tollgate.department.partition IS 'Where its counters live. Set at insert from the id, never changed.';
COMMENT ON COLUMN tollgate.department.note IS 'For people; Tollgate does not read it.';

CREATE TABLE tollgate.project (
  id tollgate.slug NOT NULL CONSTRAINT project_id_is_unique PRIMARY KEY,
  partition smallint NOT NULL,
  department tollgate.slug NOT NULL CONSTRAINT project_department_exists REFERENCES tollgate.department ON UPDATE CASCADE,
  note text NOT NULL DEFAULT '',
  CONSTRAINT project_partition_is_0_to_255 CHECK (partition BETWEEN 0 AND 255),
  CONSTRAINT project_note_is_short CHECK (length(note) <= 500)
);
CREATE INDEX project_department ON tollgate.project (department);
COMMENT ON TABLE tollgate.project IS 'A piece of work inside a department: has accounts.';
COMMENT ON COLUMN tollgate.project.id IS 'Name of the project, such as vision.';
COMMENT ON COLUMN tollgate.project.partition IS 'Where its counters live. Its department''s at insert, never changed, even when it moves.';
COMMENT ON COLUMN tollgate.project.department IS 'The department that pays for it.';
COMMENT ON COLUMN tollgate.project.note IS 'For people; Tollgate does not read it.';

CREATE TABLE tollgate.account (
  id tollgate.slug NOT NULL CONSTRAINT account_id_is_unique PRIMARY KEY,
  partition smallint NOT NULL,
  kind text NOT NULL DEFAULT 'person',
  role text NOT NULL DEFAULT 'member',
  project tollgate.slug NOT NULL CONSTRAINT account_project_exists REFERENCES tollgate.project ON UPDATE CASCADE,
  plan tollgate.slug NOT NULL CONSTRAINT account_plan_exists REFERENCES tollgate.plan ON UPDATE CASCADE,
  time_zone text NOT NULL DEFAULT 'UTC',
  disabled boolean NOT NULL DEFAULT false,
  note text NOT NULL DEFAULT '',
  CONSTRAINT account_partition_is_0_to_255 CHECK (partition BETWEEN 0 AND 255),
  CONSTRAINT account_kind_is_known CHECK (kind IN ('person', 'ci', 'service', 'mirror')),
  CONSTRAINT account_role_is_known CHECK (role IN ('member', 'lead', 'admin')),
  CONSTRAINT account_time_zone_is_known CHECK (tollgate.is_time_zone(time_zone)),
  CONSTRAINT account_note_is_short CHECK (length(note) <= 500)
);
CREATE INDEX account_project ON tollgate.account (project);
CREATE INDEX account_plan ON tollgate.account (plan);
COMMENT ON TABLE tollgate.account IS 'Who calls and is charged. The account named anonymous, if there is one, stands for callers without credentials.';
COMMENT ON COLUMN tollgate.account.id IS 'Name of the account, such as alice.';
COMMENT ON COLUMN tollgate.account.partition IS 'Where its counters live. Its department''s at insert, never changed, even when it moves.';
COMMENT ON COLUMN tollgate.account.kind IS 'person, ci, service or mirror.';
COMMENT ON COLUMN tollgate.account.role IS 'member, lead or admin: what the account may do for others.';
COMMENT ON COLUMN tollgate.account.project IS 'The project whose budget it also uses.';
COMMENT ON COLUMN tollgate.account.plan IS 'The plan whose limits it has.';
COMMENT ON COLUMN tollgate.account.time_zone IS 'IANA name. Its days and hours begin in this zone, where a limit names no other.';
COMMENT ON COLUMN tollgate.account.disabled IS 'True: all of its tokens are refused.';
COMMENT ON COLUMN tollgate.account.note IS 'For people; Tollgate does not read it.';

CREATE TABLE tollgate.token (
  id tollgate.slug NOT NULL CONSTRAINT token_id_is_unique PRIMARY KEY,
  account tollgate.slug NOT NULL CONSTRAINT token_account_exists REFERENCES tollgate.account ON UPDATE CASCADE,
  partition smallint NOT NULL,
  digest text NOT NULL CONSTRAINT token_digest_is_unique UNIQUE,
  hint text NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  note text NOT NULL DEFAULT '',
  CONSTRAINT token_partition_is_0_to_255 CHECK (partition BETWEEN 0 AND 255),
  CONSTRAINT token_digest_is_sha256_in_hex CHECK (digest ~ '^[0-9a-f]{64}$'),
  CONSTRAINT token_hint_shows_no_secret CHECK (length(hint) BETWEEN 1 AND 20),
  CONSTRAINT token_expires_after_it_is_created CHECK (isfinite(expires_at) AND isfinite(created_at) AND expires_at > created_at),
  CONSTRAINT token_revoked_at_is_a_time CHECK (isfinite(revoked_at)),
  CONSTRAINT token_note_is_short CHECK (length(note) <= 500)
);
CREATE INDEX token_account ON tollgate.token (account);
COMMENT ON TABLE tollgate.token IS 'API tokens. The secret itself is nowhere: `tollgate token issue` shows it once.';
COMMENT ON COLUMN tollgate.token.id IS 'Name of the token, for lists and logs.';
COMMENT ON COLUMN tollgate.token.account IS 'The account that calls with it.';
COMMENT ON COLUMN tollgate.token.partition IS 'Where its counters live. Its account''s at insert, never changed.';
COMMENT ON COLUMN tollgate.token.digest IS 'SHA-256 of the whole token text, lower-case hex.';
COMMENT ON COLUMN tollgate.token.hint IS 'First and last characters, such as tg_AbCd…wxyz, so that people know it again.';
COMMENT ON COLUMN tollgate.token.expires_at IS 'From this instant on it is refused. At most created_at plus the plan''s token_days_max; write now() + interval, not a time of another clock.';
COMMENT ON COLUMN tollgate.token.revoked_at IS 'Set: refused from then on.';
COMMENT ON COLUMN tollgate.token.created_at IS 'When it was issued.';
COMMENT ON COLUMN tollgate.token.note IS 'For people; Tollgate does not read it.';

CREATE FUNCTION tollgate.place_department() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.partition := get_byte(sha256(convert_to(NEW.id, 'UTF8')), 0);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.place_department IS 'Trigger: the partition is the first byte of sha256(id).';

CREATE FUNCTION tollgate.place_project() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.partition := (SELECT d.partition FROM tollgate.department d WHERE d.id = NEW.department);
  -- A missing department is for its foreign key to refuse, by a clearer name than NOT NULL.
  NEW.partition := coalesce(NEW.partition, 0);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.place_project IS 'Trigger: the partition is the department''s of that day.';

CREATE FUNCTION tollgate.place_account() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.partition := (
    SELECT d.partition FROM tollgate.project p JOIN tollgate.department d ON d.id = p.department WHERE p.id = NEW.project
  );
  NEW.partition := coalesce(NEW.partition, 0);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.place_account IS 'Trigger: the partition is the department''s of that day.';

CREATE FUNCTION tollgate.place_token() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.partition := (SELECT a.partition FROM tollgate.account a WHERE a.id = NEW.account);
  NEW.partition := coalesce(NEW.partition, 0);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.place_token IS 'Trigger: the partition is the account''s.';

CREATE FUNCTION tollgate.keep_partition() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.partition IS DISTINCT FROM OLD.partition THEN
    RAISE EXCEPTION 'the partition of % % never changes', TG_TABLE_NAME, OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'partition_never_changes', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.keep_partition IS 'Trigger: refuses to change a partition, because counters are kept under it.';

CREATE TRIGGER department_is_placed BEFORE INSERT ON tollgate.department FOR EACH ROW EXECUTE FUNCTION tollgate.place_department();
CREATE TRIGGER project_is_placed BEFORE INSERT ON tollgate.project FOR EACH ROW EXECUTE FUNCTION tollgate.place_project();
CREATE TRIGGER account_is_placed BEFORE INSERT ON tollgate.account FOR EACH ROW EXECUTE FUNCTION tollgate.place_account();
CREATE TRIGGER token_is_placed BEFORE INSERT ON tollgate.token FOR EACH ROW EXECUTE FUNCTION tollgate.place_token();
CREATE TRIGGER department_stays_placed BEFORE UPDATE ON tollgate.department FOR EACH ROW EXECUTE FUNCTION tollgate.keep_partition();
CREATE TRIGGER project_stays_placed BEFORE UPDATE ON tollgate.project FOR EACH ROW EXECUTE FUNCTION tollgate.keep_partition();
CREATE TRIGGER account_stays_placed BEFORE UPDATE ON tollgate.account FOR EACH ROW EXECUTE FUNCTION tollgate.keep_partition();
CREATE TRIGGER token_stays_placed BEFORE UPDATE ON tollgate.token FOR EACH ROW EXECUTE FUNCTION tollgate.keep_partition();

CREATE FUNCTION tollgate.bound_token_life() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  days integer := (SELECT p.token_days_max FROM tollgate.account a JOIN tollgate.plan p ON p.id = a.plan WHERE a.id = NEW.account);
BEGIN
  -- A plan may have come down since: what makes a life shorter, or leaves it as it was, is always allowed.
  IF TG_OP = 'UPDATE' AND NEW.created_at = OLD.created_at AND NEW.expires_at <= OLD.expires_at THEN
    RETURN NEW;
  END IF;
  IF NEW.created_at > now() THEN
    RAISE EXCEPTION 'token % is created in the future', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'token_is_not_created_in_the_future', TABLE = 'token', SCHEMA = 'tollgate';
  END IF;
  IF NEW.expires_at > NEW.created_at + make_interval(hours => days * 24) THEN
    RAISE EXCEPTION 'token % would live longer than the % days of its account''s plan', NEW.id, days
      USING ERRCODE = 'check_violation', CONSTRAINT = 'token_expires_within_plan_days', TABLE = 'token', SCHEMA = 'tollgate',
        HINT = 'Write expires_at as now() + interval, or raise plan.token_days_max first.';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.bound_token_life IS 'Trigger: a token lives at most as many days (of 24 hours) as its account''s plan allows at that moment.';
CREATE TRIGGER token_life_is_bound BEFORE INSERT OR UPDATE OF account, created_at, expires_at ON tollgate.token
  FOR EACH ROW EXECUTE FUNCTION tollgate.bound_token_life();
