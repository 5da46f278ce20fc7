-- Purpose: limits of descriptors, which Envoy's rate limit filter and other callers of ShouldRateLimit ask about.
-- Guarantee: a path of entries that no request can match, or a limit that cannot be counted, is refused by a constraint that says so.
-- Parameters: none.

CREATE FUNCTION tollgate.is_descriptor_path(path jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(path) <> 'array' OR jsonb_array_length(path) NOT BETWEEN 1 AND 10 THEN false
  ELSE (SELECT bool_and(CASE WHEN jsonb_typeof(step) <> 'object' THEN false ELSE
      jsonb_typeof(step->'key') IS NOT DISTINCT FROM 'string' AND length(step->>'key') BETWEEN 1 AND 255
      AND step - ARRAY['key', 'value', 'regex', 'cidr', 'share_threshold', 'value_to_metric'] = '{}'::jsonb
      AND (SELECT count(*) FROM unnest(ARRAY['value', 'regex', 'cidr']) AS name WHERE step ? name) <= 1
      AND (NOT step ? 'value' OR jsonb_typeof(step->'value') = 'string' AND length(step->>'value') <= 1000)
      AND (NOT step ? 'regex' OR jsonb_typeof(step->'regex') = 'string' AND length(step->>'regex') BETWEEN 1 AND 500)
      AND (NOT step ? 'cidr' OR jsonb_typeof(step->'cidr') = 'string' AND length(step->>'cidr') BETWEEN 2 AND 50)
      AND (NOT step ? 'share_threshold' OR jsonb_typeof(step->'share_threshold') = 'boolean')
      AND (NOT step ? 'value_to_metric' OR jsonb_typeof(step->'value_to_metric') = 'boolean')
    END) FROM jsonb_array_elements(path) AS step)
  END
$$;
COMMENT ON FUNCTION tollgate.is_descriptor_path IS 'True for a list of 1 to 10 entries as descriptor_limit.entries holds them.';

CREATE FUNCTION tollgate.has_networks(path jsonb) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  PERFORM (step->>'cidr')::inet FROM jsonb_path_query(path, 'lax $[*] ? (exists(@.cidr))') AS step;
  RETURN true;
EXCEPTION WHEN invalid_text_representation THEN
  RETURN false;
END
$$;
COMMENT ON FUNCTION tollgate.has_networks IS 'True when every cidr in descriptor_limit.entries is an address or a network.';

CREATE FUNCTION tollgate.has_plain_regexes(path jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  -- Without what is escaped, so that \\1 and \(?= stay what they are.
  SELECT coalesce(bool_and(regexp_replace(regex #>> '{}', '\\[^1-9]', '', 'g') !~ '\(\?<?[=!]|\\[1-9]'), true)
  FROM jsonb_path_query(path, 'lax $[*].regex') AS regex
$$;
COMMENT ON FUNCTION tollgate.has_plain_regexes IS 'True when no regex in descriptor_limit.entries has look-around or back-references, which RE2 does not know. Tollgate checks them once more with RE2.';

CREATE TABLE tollgate.descriptor_domain (
  id text NOT NULL CONSTRAINT descriptor_domain_id_is_unique PRIMARY KEY,
  counting text NOT NULL DEFAULT 'all_or_nothing',
  charges_refused boolean NOT NULL DEFAULT false,
  posture text NOT NULL DEFAULT 'allow',
  shadow boolean NOT NULL DEFAULT false,
  quota_mode boolean NOT NULL DEFAULT false,
  headers text NOT NULL DEFAULT 'ratelimit',
  headers_show text NOT NULL DEFAULT 'tightest',
  metadata boolean NOT NULL DEFAULT false,
  trusts_descriptors boolean NOT NULL DEFAULT false,
  surface text,
  note text NOT NULL DEFAULT '',
  CONSTRAINT descriptor_domain_id_is_1_to_255_visible_characters CHECK (id ~ '^[^[:cntrl:]]{1,255}$'),
  CONSTRAINT descriptor_domain_counting_is_known CHECK (counting IN ('all_or_nothing', 'each')),
  CONSTRAINT descriptor_domain_posture_is_known CHECK (posture IN ('allow', 'deny', 'local')),
  CONSTRAINT descriptor_domain_headers_are_known CHECK (headers IN ('none', 'ratelimit', 'x_ratelimit', 'both')),
  CONSTRAINT descriptor_domain_shows_tightest_or_all CHECK (headers_show IN ('tightest', 'all')),
  CONSTRAINT descriptor_domain_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT descriptor_domain_that_trusts_has_a_surface CHECK (NOT trusts_descriptors OR surface IS NOT NULL),
  CONSTRAINT descriptor_domain_note_is_short CHECK (length(note) <= 500)
);
COMMENT ON TABLE tollgate.descriptor_domain IS 'The domains that rate limit filters name, and how calls of each are answered. A call of a domain without a row is inside every limit.';
COMMENT ON COLUMN tollgate.descriptor_domain.id IS 'As the filter has it in domain.';
COMMENT ON COLUMN tollgate.descriptor_domain.counting IS 'all_or_nothing: a call that one limit refuses takes nothing of any. each: every descriptor is counted for itself.';
COMMENT ON COLUMN tollgate.descriptor_domain.charges_refused IS 'True: refused hits are charged too, as envoyproxy/ratelimit does. Needed where hits tell what has already been used, such as the tokens of an answer.';
COMMENT ON COLUMN tollgate.descriptor_domain.posture IS 'What its limits do when the counters cannot be asked in time: allow, deny, or local (each process allows its share).';
COMMENT ON COLUMN tollgate.descriptor_domain.shadow IS 'True: nothing of the domain is refused, only counted and reported.';
COMMENT ON COLUMN tollgate.descriptor_domain.quota_mode IS 'True: what is over a limit is told in metadata and not refused.';
COMMENT ON COLUMN tollgate.descriptor_domain.headers IS 'Which headers an answer that passes carries: none, ratelimit (RateLimit and RateLimit-Policy), x_ratelimit, or both. A refusal always has Retry-After.';
COMMENT ON COLUMN tollgate.descriptor_domain.headers_show IS 'tightest: the limit with the least left. all: every limit that was counted.';
COMMENT ON COLUMN tollgate.descriptor_domain.metadata IS 'True: the answer carries dynamic metadata about each descriptor.';
COMMENT ON COLUMN tollgate.descriptor_domain.trusts_descriptors IS 'True: an entry with the key account names who is charged, on the word of whoever calls. Else only a valid reservation id does.';
COMMENT ON COLUMN tollgate.descriptor_domain.surface IS 'Whose limits apply to trusted accounts: pypi or gpu.';
COMMENT ON COLUMN tollgate.descriptor_domain.note IS 'For people; Tollgate does not read it.';

CREATE TABLE tollgate.descriptor_limit (
  id tollgate.slug NOT NULL CONSTRAINT descriptor_limit_id_is_unique PRIMARY KEY,
  domain text NOT NULL CONSTRAINT descriptor_limit_domain_exists REFERENCES tollgate.descriptor_domain ON UPDATE CASCADE,
  entries jsonb NOT NULL,
  "position" integer NOT NULL DEFAULT 0,
  name text,
  kind text NOT NULL DEFAULT 'window',
  amount bigint,
  unit text,
  units integer,
  time_zone text,
  burst bigint,
  held_seconds integer,
  replaces text[] NOT NULL DEFAULT '{}',
  shadow boolean NOT NULL DEFAULT false,
  quota_mode boolean NOT NULL DEFAULT false,
  detailed_metric boolean NOT NULL DEFAULT false,
  charges_refused boolean,
  posture text,
  note text NOT NULL DEFAULT '',
  CONSTRAINT descriptor_limit_entries_are_a_path CHECK (tollgate.is_descriptor_path(entries)),
  CONSTRAINT descriptor_limit_regex_is_re2 CHECK (tollgate.has_plain_regexes(entries)),
  CONSTRAINT descriptor_limit_cidr_is_a_network CHECK (tollgate.has_networks(entries)),
  CONSTRAINT descriptor_limit_name_is_1_to_255_visible_characters CHECK (name ~ '^[^[:cntrl:]]{1,255}$'),
  CONSTRAINT descriptor_limit_kind_is_known CHECK (kind IN ('window', 'rate', 'concurrency', 'unlimited', 'none')),
  CONSTRAINT descriptor_limit_has_an_amount_if_it_counts CHECK ((kind IN ('window', 'rate', 'concurrency')) = (amount IS NOT NULL)),
  CONSTRAINT descriptor_limit_amount_is_0_to_2_to_the_52 CHECK (amount BETWEEN 0 AND 4503599627370496),
  CONSTRAINT descriptor_limit_concurrency_is_at_most_100000 CHECK (kind <> 'concurrency' OR amount <= 100000),
  CONSTRAINT descriptor_limit_has_a_unit_if_it_has_time CHECK ((kind IN ('window', 'rate')) = (unit IS NOT NULL)),
  CONSTRAINT descriptor_limit_unit_is_known CHECK (unit IN ('second', 'minute', 'hour', 'day', 'week', 'month', 'year')),
  CONSTRAINT descriptor_limit_units_are_1_to_1000 CHECK (units IS NULL OR units BETWEEN 1 AND 1000 AND unit IS NOT NULL),
  CONSTRAINT descriptor_limit_rate_period_is_at_most_an_hour CHECK (kind <> 'rate' OR unit IN ('second', 'minute', 'hour')
    AND coalesce(units, 1) * CASE unit WHEN 'second' THEN 1 WHEN 'minute' THEN 60 ELSE 3600 END <= 3600),
  CONSTRAINT descriptor_limit_rate_amount_is_at_least_1 CHECK (kind <> 'rate' OR amount >= 1),
  CONSTRAINT descriptor_limit_burst_is_for_rates CHECK (burst IS NULL OR kind = 'rate'),
  CONSTRAINT descriptor_limit_burst_is_at_least_1 CHECK (burst >= 1),
  CONSTRAINT descriptor_limit_burst_times_period_is_at_most_2_to_the_52 CHECK (kind <> 'rate' OR
    coalesce(burst, amount)::numeric * coalesce(units, 1) * CASE unit WHEN 'second' THEN 1000 WHEN 'minute' THEN 60000 ELSE 3600000 END <= 4503599627370496),
  CONSTRAINT descriptor_limit_time_zone_is_for_windows CHECK (time_zone IS NULL OR kind = 'window'),
  CONSTRAINT descriptor_limit_time_zone_is_known CHECK (tollgate.is_time_zone(time_zone)),
  CONSTRAINT descriptor_limit_calendar_window_is_one_unit CHECK (time_zone IS NULL OR coalesce(units, 1) = 1),
  CONSTRAINT descriptor_limit_held_seconds_are_for_concurrency CHECK (held_seconds IS NULL OR kind = 'concurrency'),
  CONSTRAINT descriptor_limit_held_seconds_are_1_to_86400 CHECK (held_seconds BETWEEN 1 AND 86400),
  CONSTRAINT descriptor_limit_replaces_names CHECK (cardinality(replaces) <= 50 AND array_position(replaces, NULL) IS NULL AND array_position(replaces, '') IS NULL),
  CONSTRAINT descriptor_limit_does_not_replace_itself CHECK (name IS NULL OR name <> ALL (replaces)),
  CONSTRAINT descriptor_limit_posture_is_known CHECK (posture IN ('allow', 'deny', 'local')),
  CONSTRAINT descriptor_limit_note_is_short CHECK (length(note) <= 500)
);
CREATE INDEX descriptor_limit_domain ON tollgate.descriptor_limit (domain);
COMMENT ON TABLE tollgate.descriptor_limit IS 'Limits of descriptors: what a call''s entries must be, and how much of it there is. Several rows of one path all apply, such as 10 a second and 250 a day.';
COMMENT ON COLUMN tollgate.descriptor_limit.id IS 'Name of this row, for lists and metrics.';
COMMENT ON COLUMN tollgate.descriptor_limit.domain IS 'The descriptor_domain it belongs to.';
COMMENT ON COLUMN tollgate.descriptor_limit.entries IS 'The path: for each entry of a descriptor, in order, an object with key and, unless any value will do, one of value (with * for any text, several allowed), regex (RE2, the whole value, which may have 65,536 characters) or cidr. share_threshold: all values that match count together. value_to_metric: the value is told in metrics. Such as [{"key":"path","value":"/api/*"},{"key":"remote_address"}].';
COMMENT ON COLUMN tollgate.descriptor_limit."position" IS 'Where a value matches several patterns of one key, the lowest position counts, then the id. A plain value always goes before patterns, patterns before a key alone. Of patterns text* there may be any number; of others 1,000 of one key at one place are tried, of them 100 that search the value (regex, and * before and after a text); policy check names those beyond.';
COMMENT ON COLUMN tollgate.descriptor_limit.name IS 'What callers are told, and what replaces refers to. NULL: no name.';
COMMENT ON COLUMN tollgate.descriptor_limit.kind IS 'window: amount in each unit. rate: amount per unit, at most burst at once, refilling. concurrency: amount under way at one time. unlimited: inside, whatever is asked. none: matched, and no limit.';
COMMENT ON COLUMN tollgate.descriptor_limit.amount IS 'How many hits. Callers are told at most 4294967295.';
COMMENT ON COLUMN tollgate.descriptor_limit.unit IS 'second, minute, hour, day, week, month or year.';
COMMENT ON COLUMN tollgate.descriptor_limit.units IS 'How many of them make the period. NULL: 1.';
COMMENT ON COLUMN tollgate.descriptor_limit.time_zone IS 'Only windows: they begin on the calendar of this zone (weeks on Monday). NULL: periods of fixed length since 1970-01-01 UTC, a month of 30 and a year of 365 days, as envoyproxy/ratelimit counts.';
COMMENT ON COLUMN tollgate.descriptor_limit.burst IS 'Only rates: how many at once. NULL: amount.';
COMMENT ON COLUMN tollgate.descriptor_limit.held_seconds IS 'Only concurrency: how long a slot is held if nobody tells its end. NULL: 3600.';
COMMENT ON COLUMN tollgate.descriptor_limit.replaces IS 'Names of limits of this domain that do not apply to a call to which this one applies.';
COMMENT ON COLUMN tollgate.descriptor_limit.shadow IS 'True: counted and reported, never refusing.';
COMMENT ON COLUMN tollgate.descriptor_limit.quota_mode IS 'True: being over it is told in metadata and not refused.';
COMMENT ON COLUMN tollgate.descriptor_limit.detailed_metric IS 'True: metrics tell every value of the path apart, up to a bound.';
COMMENT ON COLUMN tollgate.descriptor_limit.charges_refused IS 'True: refused hits are charged too. NULL: as the domain says.';
COMMENT ON COLUMN tollgate.descriptor_limit.posture IS 'What it does when the counters cannot be asked in time. NULL: as the domain says.';
COMMENT ON COLUMN tollgate.descriptor_limit.note IS 'For people; Tollgate does not read it.';

CREATE FUNCTION tollgate.record_changes_of(tracked text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER insert_is_recorded AFTER INSERT ON tollgate.%I REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id)', tracked);
  EXECUTE format('CREATE TRIGGER update_is_recorded AFTER UPDATE ON tollgate.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id)', tracked);
  EXECUTE format('CREATE TRIGGER delete_is_recorded AFTER DELETE ON tollgate.%I REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id)', tracked);
  EXECUTE format('CREATE TRIGGER truncate_is_recorded BEFORE TRUNCATE ON tollgate.%I
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id)', tracked);
END
$$;
COMMENT ON FUNCTION tollgate.record_changes_of IS 'For migrations: from now on changes of this table, whose key is id, are written to policy_change and enforced.';
SELECT tollgate.record_changes_of('descriptor_domain');
SELECT tollgate.record_changes_of('descriptor_limit');

-- An emptied table of these is held: without limits everything would pass, without domains their limits would count for nothing.
ALTER TABLE tollgate.emptied_table DROP CONSTRAINT emptied_table_is_one_that_is_held, ADD CONSTRAINT emptied_table_is_one_that_is_held
  CHECK (table_name IN
    ('department', 'project', 'account', 'plan', 'upstream', 'limit_rule', 'price_rule', 'descriptor_domain', 'descriptor_limit'));
