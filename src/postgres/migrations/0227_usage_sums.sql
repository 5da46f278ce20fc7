-- Purpose: sums of usage_hour by day and month, for reports over years that answer at once.
-- Guarantee: at every instant the rows of each of these tables and the differences in usage_moved add up to exactly what usage_hour holds,
--            whoever changes it and how: triggers write every difference in the transaction that makes it, and folding moves differences
--            into the sums in one transaction. The ledger waits for nobody: it only adds rows to usage_moved.
-- Parameters: none.

CREATE TABLE tollgate.usage_team (
  id         integer GENERATED ALWAYS AS IDENTITY CONSTRAINT usage_team_id_is_unique PRIMARY KEY,
  department text NOT NULL,
  project    text NOT NULL,
  surface    text NOT NULL,
  CONSTRAINT usage_team_is_named_once UNIQUE (department, project, surface)
);
COMMENT ON TABLE  tollgate.usage_team IS 'Names of projects that were ever charged, once for each department they were in and each surface; the sums refer to them by number';
COMMENT ON COLUMN tollgate.usage_team.id IS 'Its number';
COMMENT ON COLUMN tollgate.usage_team.department IS 'The department charged';
COMMENT ON COLUMN tollgate.usage_team.project IS 'The project charged';
COMMENT ON COLUMN tollgate.usage_team.surface IS 'pypi or gpu';

CREATE TABLE tollgate.usage_department (
  id         integer GENERATED ALWAYS AS IDENTITY CONSTRAINT usage_department_id_is_unique PRIMARY KEY,
  department text NOT NULL,
  CONSTRAINT usage_department_is_named_once UNIQUE (department)
);
COMMENT ON TABLE  tollgate.usage_department IS 'Names of departments that were ever charged';
COMMENT ON COLUMN tollgate.usage_department.id IS 'Its number';
COMMENT ON COLUMN tollgate.usage_department.department IS 'The department charged';

CREATE TABLE tollgate.usage_payer (
  id      integer GENERATED ALWAYS AS IDENTITY CONSTRAINT usage_payer_id_is_unique PRIMARY KEY,
  team    integer NOT NULL CONSTRAINT usage_payer_team_exists REFERENCES tollgate.usage_team ON DELETE CASCADE,
  account text NOT NULL,
  CONSTRAINT usage_payer_is_named_once UNIQUE (account, team)
);
CREATE INDEX usage_payer_team ON tollgate.usage_payer (team);
COMMENT ON TABLE  tollgate.usage_payer IS 'Names of accounts that were ever charged, once for each project they were in and each surface';
COMMENT ON COLUMN tollgate.usage_payer.id IS 'Its number';
COMMENT ON COLUMN tollgate.usage_payer.team IS 'Department, project and surface';
COMMENT ON COLUMN tollgate.usage_payer.account IS 'The account charged';

CREATE TABLE tollgate.usage_resource (
  id       integer GENERATED ALWAYS AS IDENTITY CONSTRAINT usage_resource_id_is_unique PRIMARY KEY,
  surface  text NOT NULL,
  resource text NOT NULL,
  CONSTRAINT usage_resource_is_named_once UNIQUE (surface, resource)
);
COMMENT ON TABLE  tollgate.usage_resource IS 'Names of packages and models that were ever used';
COMMENT ON COLUMN tollgate.usage_resource.id IS 'Its number';
COMMENT ON COLUMN tollgate.usage_resource.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate.usage_resource.resource IS 'The package or the GPU model; empty when there was none';

CREATE TABLE tollgate.usage_moved (
  id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT usage_moved_id_is_unique PRIMARY KEY,
  hour          timestamptz NOT NULL,
  account       text        NOT NULL,
  project       text        NOT NULL,
  department    text        NOT NULL,
  surface       text        NOT NULL,
  resource      text        NOT NULL,
  entries       bigint      NOT NULL,
  not_yet_final bigint      NOT NULL,
  credits       numeric     NOT NULL,
  bytes         numeric     NOT NULL,
  gpu_ms        numeric     NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_insert_threshold = -1);
COMMENT ON TABLE  tollgate.usage_moved IS 'How usage_hour has changed since the sums were last brought up: differences that the ledger folds into them every few seconds. Reports add what is here';
COMMENT ON COLUMN tollgate.usage_moved.id IS 'Only identifies the row';
COMMENT ON COLUMN tollgate.usage_moved.hour IS 'The hour of usage_hour that changed';
COMMENT ON COLUMN tollgate.usage_moved.account IS 'As usage_hour';
COMMENT ON COLUMN tollgate.usage_moved.project IS 'As usage_hour';
COMMENT ON COLUMN tollgate.usage_moved.department IS 'As usage_hour';
COMMENT ON COLUMN tollgate.usage_moved.surface IS 'As usage_hour';
COMMENT ON COLUMN tollgate.usage_moved.resource IS 'As usage_hour';
COMMENT ON COLUMN tollgate.usage_moved.entries IS 'So many requests more; below 0: less. So are the columns below';
COMMENT ON COLUMN tollgate.usage_moved.not_yet_final IS 'Requests that may still change';
COMMENT ON COLUMN tollgate.usage_moved.credits IS 'Credits';
COMMENT ON COLUMN tollgate.usage_moved.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate.usage_moved.gpu_ms IS 'GPU time in milliseconds';

DO $$
DECLARE
  made record;
  column_comment text[];
BEGIN
  FOR made IN SELECT * FROM (VALUES
    ('usage_team_hour', 'hour', 'team', ''), ('usage_team_day', 'day', 'team', ''), ('usage_team_month', 'month', 'team', ''),
    ('usage_payer_hour', 'hour', 'payer', ''), ('usage_payer_day', 'day', 'payer', ''), ('usage_payer_month', 'month', 'payer', ''),
    ('usage_resource_day', 'day', 'department', 'resource'), ('usage_resource_month', 'month', 'department', 'resource')
  ) AS t (name, grain, who, what)
  LOOP
    EXECUTE format('CREATE TABLE tollgate.%I (start_at timestamptz NOT NULL, %I integer NOT NULL, %s entries bigint NOT NULL,
        not_yet_final bigint NOT NULL, credits numeric NOT NULL, bytes numeric NOT NULL, gpu_ms numeric NOT NULL,
        CONSTRAINT %I PRIMARY KEY (start_at, %I %s)) WITH (fillfactor = 80)',
      made.name, made.who, CASE made.what WHEN '' THEN '' ELSE made.what || ' integer NOT NULL,' END,
      made.name || '_has_one_row_per_sum', made.who, CASE made.what WHEN '' THEN '' ELSE ', ' || made.what END);
    EXECUTE format('COMMENT ON TABLE tollgate.%I IS %L', made.name,
      format('usage_hour summed by %s%s and UTC %s, without what usage_moved still holds', made.who,
        CASE made.what WHEN '' THEN '' ELSE ', ' || made.what END, made.grain));
    FOREACH column_comment SLICE 1 IN ARRAY ARRAY[
      ['start_at', 'First instant of the UTC ' || made.grain], ['entries', 'How many requests, whatever they were booked at'],
      ['not_yet_final', 'How many of them may still change'], ['credits', 'Credits'], ['bytes', 'Bytes the clients received'],
      ['gpu_ms', 'GPU time in milliseconds'], [made.who, 'Who is charged: its number in usage_' || made.who]]
    LOOP
      EXECUTE format('COMMENT ON COLUMN tollgate.%I.%I IS %L', made.name, column_comment[1], column_comment[2]);
    END LOOP;
    IF made.what <> '' THEN
      EXECUTE format('COMMENT ON COLUMN tollgate.%I.%I IS %L', made.name, made.what, 'The package or model: its number in usage_resource');
    END IF;
  END LOOP;
END
$$;

CREATE FUNCTION tollgate.note_usage_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO tollgate.usage_moved (hour, account, project, department, surface, resource, entries, not_yet_final, credits, bytes, gpu_ms)
    SELECT n.hour, n.account, n.project, n.department, n.surface, n.resource,
           sum(n.entries), sum(n.not_yet_final), sum(n.credits), sum(n.bytes), sum(n.gpu_ms)
      FROM new_rows n GROUP BY 1, 2, 3, 4, 5, 6;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO tollgate.usage_moved (hour, account, project, department, surface, resource, entries, not_yet_final, credits, bytes, gpu_ms)
    SELECT o.hour, o.account, o.project, o.department, o.surface, o.resource,
           -sum(o.entries), -sum(o.not_yet_final), -sum(o.credits), -sum(o.bytes), -sum(o.gpu_ms)
      FROM old_rows o GROUP BY 1, 2, 3, 4, 5, 6;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO tollgate.usage_moved (hour, account, project, department, surface, resource, entries, not_yet_final, credits, bytes, gpu_ms)
    SELECT hour, account, project, department, surface, resource,
           sum(sign * entries), sum(sign * not_yet_final), sum(sign * credits), sum(sign * bytes), sum(sign * gpu_ms)
      FROM (SELECT 1 AS sign, n.* FROM new_rows n UNION ALL SELECT -1, o.* FROM old_rows o) AS moved
     GROUP BY 1, 2, 3, 4, 5, 6
    HAVING (sum(sign * entries), sum(sign * not_yet_final), sum(sign * credits), sum(sign * bytes), sum(sign * gpu_ms)) <> (0, 0, 0, 0, 0);
  ELSE -- BEFORE TRUNCATE
    TRUNCATE tollgate.usage_moved, tollgate.usage_team_hour, tollgate.usage_team_day, tollgate.usage_team_month,
             tollgate.usage_payer_hour, tollgate.usage_payer_day, tollgate.usage_payer_month, tollgate.usage_resource_day, tollgate.usage_resource_month;
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION tollgate.note_usage_moved IS 'Trigger: writes to usage_moved by how much each hour of usage_hour has changed.';
CREATE TRIGGER insert_is_noted AFTER INSERT ON tollgate.usage_hour REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.note_usage_moved();
CREATE TRIGGER update_is_noted AFTER UPDATE ON tollgate.usage_hour REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.note_usage_moved();
CREATE TRIGGER delete_is_noted AFTER DELETE ON tollgate.usage_hour REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.note_usage_moved();
CREATE TRIGGER truncate_is_noted BEFORE TRUNCATE ON tollgate.usage_hour
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.note_usage_moved();

CREATE FUNCTION tollgate.fold_usage_moved(rows_max integer DEFAULT 50000) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  names text[] := ARRAY['usage_team_hour', 'usage_team_day', 'usage_team_month', 'usage_payer_hour', 'usage_payer_day', 'usage_payer_month', 'usage_resource_day', 'usage_resource_month'];
  grains text[] := ARRAY['hour', 'day', 'month', 'hour', 'day', 'month', 'day', 'month'];
  keys_of text[] := ARRAY['team', 'team', 'team', 'payer', 'payer', 'payer', 'department, resource', 'department, resource'];
  ids bigint[];
  statement text;
  emptied bigint;
  months_emptied bigint := 0;
BEGIN
  -- One at a time, until the transaction ends: only we take rows away, so what is listed here is still there below.
  IF NOT pg_try_advisory_xact_lock(7305, 6) THEN
    RETURN 0;
  END IF;
  ids := ARRAY(SELECT m.id FROM tollgate.usage_moved m ORDER BY m.id LIMIT rows_max);
  IF cardinality(ids) = 0 THEN
    RETURN 0;
  END IF;
  INSERT INTO tollgate.usage_team (department, project, surface)
  SELECT DISTINCT m.department, m.project, m.surface FROM tollgate.usage_moved m
   WHERE m.id = ANY (ids) AND NOT EXISTS (
         SELECT FROM tollgate.usage_team t WHERE (t.department, t.project, t.surface) = (m.department, m.project, m.surface));
  INSERT INTO tollgate.usage_department (department)
  SELECT DISTINCT m.department FROM tollgate.usage_moved m
   WHERE m.id = ANY (ids) AND NOT EXISTS (SELECT FROM tollgate.usage_department d WHERE d.department = m.department);
  INSERT INTO tollgate.usage_payer (team, account)
  SELECT DISTINCT t.id, m.account
    FROM tollgate.usage_moved m JOIN tollgate.usage_team t USING (department, project, surface)
   WHERE m.id = ANY (ids) AND NOT EXISTS (SELECT FROM tollgate.usage_payer p WHERE p.team = t.id AND p.account = m.account);
  INSERT INTO tollgate.usage_resource (surface, resource)
  SELECT DISTINCT m.surface, m.resource FROM tollgate.usage_moved m
   WHERE m.id = ANY (ids) AND NOT EXISTS (SELECT FROM tollgate.usage_resource r WHERE (r.surface, r.resource) = (m.surface, m.resource));
  -- One statement, so that the differences are read and given their numbers once.
  SELECT format('
      WITH taken AS MATERIALIZED (
        SELECT m.hour, t.id AS team, p.id AS payer, d.id AS department, r.id AS resource, m.entries, m.not_yet_final, m.credits, m.bytes, m.gpu_ms
          FROM tollgate.usage_moved m
          JOIN tollgate.usage_team t USING (department, project, surface)
          JOIN tollgate.usage_department d USING (department)
          JOIN tollgate.usage_payer p ON p.team = t.id AND p.account = m.account
          JOIN tollgate.usage_resource r ON r.surface = m.surface AND r.resource = m.resource
         WHERE m.id = ANY ($1)
      )%s SELECT', string_agg(format(', %2$s AS (
        INSERT INTO tollgate.%1$I AS known (start_at, %3$s, entries, not_yet_final, credits, bytes, gpu_ms)
        SELECT date_trunc(%4$L, hour, ''UTC''), %3$s, sum(entries), sum(not_yet_final), sum(credits), sum(bytes), sum(gpu_ms)
          FROM taken GROUP BY 1, %3$s
            ON CONFLICT (start_at, %3$s) DO UPDATE
           SET entries = known.entries + excluded.entries, not_yet_final = known.not_yet_final + excluded.not_yet_final,
               credits = known.credits + excluded.credits, bytes = known.bytes + excluded.bytes, gpu_ms = known.gpu_ms + excluded.gpu_ms)',
      name, 'into_' || name, keys, grain), ''))
    FROM unnest(names, grains, keys_of) AS s (name, grain, keys) INTO statement;
  EXECUTE statement USING ids;
  IF EXISTS (SELECT FROM tollgate.usage_moved m WHERE m.id = ANY (ids) AND m.entries < 0) THEN
    FOR place IN 1 .. cardinality(names) LOOP
      EXECUTE format('
        DELETE FROM tollgate.%I
         WHERE (entries, not_yet_final, credits, bytes, gpu_ms) = (0, 0, 0, 0, 0)
           AND start_at = ANY (ARRAY(SELECT DISTINCT date_trunc(%L, m.hour, ''UTC'') FROM tollgate.usage_moved m WHERE m.id = ANY ($1) AND m.entries < 0))',
        names[place], grains[place]) USING ids;
      GET DIAGNOSTICS emptied = ROW_COUNT;
      months_emptied := months_emptied + CASE grains[place] WHEN 'month' THEN emptied ELSE 0 END;
    END LOOP;
  END IF;
  -- Names are kept no longer than what was charged to them.
  IF months_emptied > 0 THEN
    DELETE FROM tollgate.usage_payer p WHERE NOT EXISTS (SELECT FROM tollgate.usage_payer_month m WHERE m.payer = p.id);
    DELETE FROM tollgate.usage_team t WHERE NOT EXISTS (SELECT FROM tollgate.usage_team_month m WHERE m.team = t.id)
       AND NOT EXISTS (SELECT FROM tollgate.usage_payer p WHERE p.team = t.id);
    DELETE FROM tollgate.usage_department d WHERE NOT EXISTS (SELECT FROM tollgate.usage_resource_month m WHERE m.department = d.id);
    DELETE FROM tollgate.usage_resource r WHERE NOT EXISTS (SELECT FROM tollgate.usage_resource_month m WHERE m.resource = r.id);
  END IF;
  DELETE FROM tollgate.usage_moved m WHERE m.id = ANY (ids);
  RETURN cardinality(ids);
END
$$;
COMMENT ON FUNCTION tollgate.fold_usage_moved IS 'Brings the sums of reports up by at most so many rows of usage_moved; answers how many. 0 when there is nothing to do, or another process is at it. The ledger calls it every few seconds.';

CREATE FUNCTION tollgate.rebuild_usage_sums() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7305, 6);
  LOCK TABLE tollgate.usage_hour IN SHARE MODE;
  TRUNCATE tollgate.usage_moved, tollgate.usage_team_hour, tollgate.usage_team_day, tollgate.usage_team_month,
           tollgate.usage_payer_hour, tollgate.usage_payer_day, tollgate.usage_payer_month, tollgate.usage_resource_day, tollgate.usage_resource_month,
           tollgate.usage_payer, tollgate.usage_team, tollgate.usage_department, tollgate.usage_resource;
  INSERT INTO tollgate.usage_team (department, project, surface)
  SELECT department, project, surface FROM tollgate.usage_hour GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
  INSERT INTO tollgate.usage_department (department) SELECT DISTINCT department FROM tollgate.usage_team;
  INSERT INTO tollgate.usage_payer (team, account)
  SELECT t.id, h.account
    FROM (SELECT department, project, surface, account FROM tollgate.usage_hour GROUP BY 1, 2, 3, 4) h
    JOIN tollgate.usage_team t USING (department, project, surface) ORDER BY 1, 2;
  INSERT INTO tollgate.usage_resource (surface, resource)
  SELECT surface, resource FROM tollgate.usage_hour GROUP BY 1, 2 ORDER BY 1, 2;
  INSERT INTO tollgate.usage_payer_hour
  SELECT h.hour, p.id, sum(h.entries), sum(h.not_yet_final), sum(h.credits), sum(h.bytes), sum(h.gpu_ms)
    FROM tollgate.usage_hour h JOIN tollgate.usage_team t USING (department, project, surface)
    JOIN tollgate.usage_payer p ON p.team = t.id AND p.account = h.account GROUP BY 1, 2 ORDER BY 1, 2;
  INSERT INTO tollgate.usage_payer_day
  SELECT date_trunc('day', start_at, 'UTC'), payer, sum(entries), sum(not_yet_final), sum(credits), sum(bytes), sum(gpu_ms)
    FROM tollgate.usage_payer_hour GROUP BY 1, 2 ORDER BY 1, 2;
  INSERT INTO tollgate.usage_team_hour
  SELECT h.start_at, p.team, sum(h.entries), sum(h.not_yet_final), sum(h.credits), sum(h.bytes), sum(h.gpu_ms)
    FROM tollgate.usage_payer_hour h JOIN tollgate.usage_payer p ON p.id = h.payer GROUP BY 1, 2 ORDER BY 1, 2;
  INSERT INTO tollgate.usage_resource_day
  SELECT date_trunc('day', h.hour, 'UTC'), d.id, r.id, sum(h.entries), sum(h.not_yet_final), sum(h.credits), sum(h.bytes), sum(h.gpu_ms)
    FROM tollgate.usage_hour h JOIN tollgate.usage_department d USING (department)
    JOIN tollgate.usage_resource r ON r.surface = h.surface AND r.resource = h.resource GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
  INSERT INTO tollgate.usage_team_day
  SELECT date_trunc('day', start_at, 'UTC'), team, sum(entries), sum(not_yet_final), sum(credits), sum(bytes), sum(gpu_ms)
    FROM tollgate.usage_team_hour GROUP BY 1, 2 ORDER BY 1, 2;
  INSERT INTO tollgate.usage_team_month
  SELECT date_trunc('month', start_at, 'UTC'), team, sum(entries), sum(not_yet_final), sum(credits), sum(bytes), sum(gpu_ms)
    FROM tollgate.usage_team_day GROUP BY 1, 2 ORDER BY 1, 2;
  INSERT INTO tollgate.usage_payer_month
  SELECT date_trunc('month', start_at, 'UTC'), payer, sum(entries), sum(not_yet_final), sum(credits), sum(bytes), sum(gpu_ms)
    FROM tollgate.usage_payer_day GROUP BY 1, 2 ORDER BY 1, 2;
  INSERT INTO tollgate.usage_resource_month
  SELECT date_trunc('month', start_at, 'UTC'), department, resource, sum(entries), sum(not_yet_final), sum(credits), sum(bytes), sum(gpu_ms)
    FROM tollgate.usage_resource_day GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION tollgate.rebuild_usage_sums IS 'Sums usage_hour anew for reports, while the ledger waits. Only needed when triggers were switched off while usage_hour changed.';

SELECT tollgate.rebuild_usage_sums();
