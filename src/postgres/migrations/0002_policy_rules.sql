-- Purpose: what is allowed at what price: upstreams, limits, prices and access.
-- Guarantee: a row that breaks a rule this release enforces is refused here, by a constraint whose name says the rule.

CREATE FUNCTION tollgate.is_pattern(pattern text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  PERFORM '' ~ pattern;
  -- Tollgate runs RE2, which has neither look-around nor back-references.
  RETURN length(pattern) BETWEEN 1 AND 200 AND pattern !~ '\(\?[=!<]' AND pattern !~ '\\[1-9]';
EXCEPTION WHEN invalid_regular_expression THEN
  RETURN false;
END
$$;
COMMENT ON FUNCTION tollgate.is_pattern IS 'True for a regular expression of at most 200 characters without look-around and back-references. Tollgate checks it once more with RE2.';

CREATE TABLE tollgate.upstream (
  id tollgate.slug NOT NULL CONSTRAINT upstream_id_is_unique PRIMARY KEY,
  surface text NOT NULL,
  host text,
  mount_path text NOT NULL DEFAULT '',
  origin_url text NOT NULL,
  grammar text NOT NULL,
  credential text,
  note text NOT NULL DEFAULT '',
  CONSTRAINT upstream_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT upstream_host_is_lower_case_without_port CHECK (host ~ '^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$'),
  CONSTRAINT upstream_mount_path_has_no_last_slash CHECK (length(mount_path) <= 200 AND mount_path ~ '^(/[A-Za-z0-9._~+-]+)*$'),
  CONSTRAINT upstream_origin_url_is_http CHECK (length(origin_url) <= 500 AND origin_url ~ '^https?://[A-Za-z0-9._:\[\]-]+(/[^\s?#]*)?$'),
  CONSTRAINT upstream_grammar_is_known CHECK (grammar IN ('pypi', 'pypiserver', 'devpi', 'http')),
  CONSTRAINT upstream_credential_is_a_reference CHECK (credential ~ '^(env:TOLLGATE_UPSTREAM_[A-Za-z0-9_]{1,80}|file:/[^\s]{1,250})$'),
  CONSTRAINT upstream_note_is_short CHECK (length(note) <= 500)
);
COMMENT ON TABLE tollgate.upstream IS 'A server behind Envoy. A request''s row is named by the route (context_extensions.upstream), else by its host; if none or several fit, the request is refused.';
COMMENT ON COLUMN tollgate.upstream.id IS 'Name of the upstream, as the route names it.';
COMMENT ON COLUMN tollgate.upstream.surface IS 'pypi or gpu: which prices and limits apply.';
COMMENT ON COLUMN tollgate.upstream.host IS 'Host clients ask for: lower case, without port. NULL: found only by the route.';
COMMENT ON COLUMN tollgate.upstream.mount_path IS 'What clients see in front of the server''s own paths, such as /pypi; empty when nothing. No slash at its end.';
COMMENT ON COLUMN tollgate.upstream.origin_url IS 'Where Tollgate''s own fetches go.';
COMMENT ON COLUMN tollgate.upstream.grammar IS 'How its paths are read: pypi, pypiserver, devpi, or http (every request is a call).';
COMMENT ON COLUMN tollgate.upstream.credential IS 'What replaces the caller''s Authorization: env:NAME, where NAME begins with TOLLGATE_UPSTREAM_, or file:/PATH, read at each change of the policy and each minute. NULL: Authorization is only removed. Never the secret itself.';
COMMENT ON COLUMN tollgate.upstream.note IS 'For people; Tollgate does not read it.';

CREATE TABLE tollgate.limit_rule (
  id tollgate.slug NOT NULL CONSTRAINT limit_id_is_unique PRIMARY KEY,
  name tollgate.slug NOT NULL,
  kind text NOT NULL,
  counts text NOT NULL,
  per text NOT NULL DEFAULT 'account',
  surface text,
  amount numeric(19,3) NOT NULL,
  burst numeric(19,3),
  every interval,
  "window" text,
  time_zone text,
  applies_to_plan tollgate.slug CONSTRAINT limit_plan_exists REFERENCES tollgate.plan ON UPDATE CASCADE,
  applies_to_account tollgate.slug CONSTRAINT limit_account_exists REFERENCES tollgate.account ON UPDATE CASCADE,
  applies_to_project tollgate.slug CONSTRAINT limit_project_exists REFERENCES tollgate.project ON UPDATE CASCADE,
  applies_to_department tollgate.slug CONSTRAINT limit_department_exists REFERENCES tollgate.department ON UPDATE CASCADE,
  enforce_at text NOT NULL,
  posture text NOT NULL DEFAULT 'allow',
  shadow boolean NOT NULL DEFAULT false,
  refuses_with_429 boolean NOT NULL DEFAULT false,
  note text NOT NULL DEFAULT '',
  CONSTRAINT limit_kind_is_rate_or_quota CHECK (kind IN ('rate', 'quota')),
  CONSTRAINT limit_counts_a_known_quantity CHECK (counts IN ('requests', 'credits', 'bytes')),
  CONSTRAINT limit_per_is_known CHECK (per IN ('account', 'project', 'department', 'token', 'address', 'everyone')),
  CONSTRAINT limit_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT limit_amount_is_not_negative CHECK (amount >= 0),
  CONSTRAINT limit_amount_is_counted_exactly
    CHECK (CASE counts WHEN 'credits' THEN amount * 1000 ELSE amount END <= 4503599627370496),
  CONSTRAINT limit_of_requests_or_bytes_is_whole
    CHECK (counts = 'credits' OR (amount = trunc(amount) AND (burst IS NULL OR burst = trunc(burst)))),
  CONSTRAINT limit_rate_has_burst_and_every CHECK (kind <> 'rate' OR (burst IS NOT NULL AND every IS NOT NULL)),
  CONSTRAINT limit_rate_has_no_window CHECK (kind <> 'rate' OR ("window" IS NULL AND time_zone IS NULL)),
  CONSTRAINT limit_rate_lets_something_through CHECK (kind <> 'rate' OR amount > 0),
  CONSTRAINT limit_burst_is_positive CHECK (burst > 0),
  CONSTRAINT limit_every_is_at_most_one_hour CHECK (every BETWEEN interval '1 millisecond' AND interval '1 hour'),
  CONSTRAINT limit_every_is_whole_milliseconds CHECK (date_trunc('milliseconds', every) = every),
  CONSTRAINT limit_burst_times_period_is_counted_exactly
    CHECK (CASE counts WHEN 'credits' THEN burst * 1000 ELSE burst END * extract(epoch FROM every) * 1000 <= 4503599627370496),
  CONSTRAINT limit_quota_has_a_window CHECK (kind <> 'quota' OR "window" IS NOT NULL),
  CONSTRAINT limit_quota_has_no_burst CHECK (kind <> 'quota' OR (burst IS NULL AND every IS NULL)),
  CONSTRAINT limit_window_is_hour_or_day CHECK ("window" IN ('hour', 'day')),
  CONSTRAINT limit_time_zone_is_known CHECK (tollgate.is_time_zone(time_zone)),
  CONSTRAINT limit_applies_to_one_thing
    CHECK (num_nonnulls(applies_to_plan, applies_to_account, applies_to_project, applies_to_department) <= 1),
  CONSTRAINT limit_name_is_unique_where_it_applies
    UNIQUE NULLS NOT DISTINCT (name, applies_to_plan, applies_to_account, applies_to_project, applies_to_department),
  CONSTRAINT limit_enforce_at_is_known CHECK (enforce_at IN ('artifact', 'everything')),
  CONSTRAINT limit_posture_is_allow_or_deny CHECK (posture IN ('allow', 'deny')),
  CONSTRAINT limit_429_is_for_quotas CHECK (kind = 'quota' OR NOT refuses_with_429),
  CONSTRAINT limit_note_is_short CHECK (length(note) <= 500)
);
COMMENT ON TABLE tollgate.limit_rule IS 'Limits. One name = one limit: of the rows with one name the most specific applies (account, project, department, plan, anyone); limits of different names must all pass.';
COMMENT ON COLUMN tollgate.limit_rule.id IS 'Name of this row.';
COMMENT ON COLUMN tollgate.limit_rule.name IS 'Name of the limit, as the refused person reads it, such as daily-credits.';
COMMENT ON COLUMN tollgate.limit_rule.kind IS 'rate: amount per every, at most burst at once, refilling. quota: amount in each calendar window.';
COMMENT ON COLUMN tollgate.limit_rule.counts IS 'What is counted: requests, credits or bytes.';
COMMENT ON COLUMN tollgate.limit_rule.per IS 'Who has a counter of their own: each account, project, department, token or address, or everyone together.';
COMMENT ON COLUMN tollgate.limit_rule.surface IS 'pypi or gpu: counts only requests of this surface. NULL: of all.';
COMMENT ON COLUMN tollgate.limit_rule.amount IS 'How much: credits with up to three decimals, requests and bytes whole. Counted in thousandths of a credit, at most 2^52.';
COMMENT ON COLUMN tollgate.limit_rule.burst IS 'Only rates: how much at once.';
COMMENT ON COLUMN tollgate.limit_rule.every IS 'Only rates: the time in which amount refills. 1 ms to 1 hour, whole milliseconds; anything longer is a quota.';
COMMENT ON COLUMN tollgate.limit_rule."window" IS 'Only quotas: hour or day.';
COMMENT ON COLUMN tollgate.limit_rule.time_zone IS 'Only quotas: IANA name of the zone in which the window begins. NULL: the account''s.';
COMMENT ON COLUMN tollgate.limit_rule.applies_to_plan IS 'Applies to accounts of this plan. At most one applies_to is set; none: to anyone.';
COMMENT ON COLUMN tollgate.limit_rule.applies_to_account IS 'Applies to this account.';
COMMENT ON COLUMN tollgate.limit_rule.applies_to_project IS 'Applies to accounts of this project.';
COMMENT ON COLUMN tollgate.limit_rule.applies_to_department IS 'Applies to accounts of this department.';
COMMENT ON COLUMN tollgate.limit_rule.enforce_at IS 'artifact: refuses only artifacts, their metadata, uploads and GPU calls; index pages are counted. everything: refuses all. Unless said otherwise a quota enforces at artifacts, a rate everything.';
COMMENT ON COLUMN tollgate.limit_rule.posture IS 'What happens when the counters cannot be asked: allow or deny.';
COMMENT ON COLUMN tollgate.limit_rule.shadow IS 'True: counted and reported, never refuses.';
COMMENT ON COLUMN tollgate.limit_rule.refuses_with_429 IS 'Only quotas: answers 429 without Retry-After instead of 403.';
COMMENT ON COLUMN tollgate.limit_rule.note IS 'For people; Tollgate does not read it.';
CREATE INDEX limit_rule_account ON tollgate.limit_rule (applies_to_account);

CREATE FUNCTION tollgate.complete_limit() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.enforce_at := coalesce(NEW.enforce_at, CASE NEW.kind WHEN 'quota' THEN 'artifact' ELSE 'everything' END);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.complete_limit IS 'Trigger: installers hide errors of index pages and quietly use another index, so quotas leave those readable unless told otherwise.';
CREATE TRIGGER limit_rule_is_completed BEFORE INSERT ON tollgate.limit_rule FOR EACH ROW EXECUTE FUNCTION tollgate.complete_limit();

CREATE TABLE tollgate.price_rule (
  id tollgate.slug NOT NULL CONSTRAINT price_id_is_unique PRIMARY KEY,
  surface text NOT NULL,
  kind text,
  package_pattern text,
  base_credits numeric(12,3) NOT NULL DEFAULT 1,
  charged text NOT NULL DEFAULT 'by_size',
  assumed_bytes bigint NOT NULL DEFAULT 1000000,
  note text NOT NULL DEFAULT '',
  CONSTRAINT price_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT price_kind_is_known
    CHECK (kind IN ('root', 'index', 'metadata', 'artifact', 'upload', 'landing', 'status', 'call', 'other')),
  CONSTRAINT price_package_pattern_is_a_pattern CHECK (tollgate.is_pattern(package_pattern)),
  CONSTRAINT price_base_is_not_negative CHECK (base_credits >= 0),
  CONSTRAINT price_charged_is_known CHECK (charged IN ('by_size', 'at_the_door')),
  CONSTRAINT price_assumed_bytes_is_at_most_a_terabyte CHECK (assumed_bytes BETWEEN 0 AND 1000000000000),
  CONSTRAINT price_note_is_short CHECK (length(note) <= 500)
);
COMMENT ON TABLE tollgate.price_rule IS 'Prices. Of the rows that match a request the most specific counts: one with package_pattern and kind, then with package_pattern, then with kind, then without; of equals the first by id. None: 1 credit.';
COMMENT ON COLUMN tollgate.price_rule.id IS 'Name of this row.';
COMMENT ON COLUMN tollgate.price_rule.surface IS 'pypi or gpu.';
COMMENT ON COLUMN tollgate.price_rule.kind IS 'Kind of request: root, index, metadata, artifact, upload, landing, status, call, other. NULL: every kind.';
COMMENT ON COLUMN tollgate.price_rule.package_pattern IS 'RE2 pattern that must match the whole normalised package, or the model. NULL: every one.';
COMMENT ON COLUMN tollgate.price_rule.base_credits IS 'Credits of the request itself.';
COMMENT ON COLUMN tollgate.price_rule.charged IS 'by_size: base and the tiers of the bytes sent. at_the_door: base alone, whatever is sent.';
COMMENT ON COLUMN tollgate.price_rule.assumed_bytes IS 'Size an artifact is taken for before its size is known.';
COMMENT ON COLUMN tollgate.price_rule.note IS 'For people; Tollgate does not read it.';

CREATE TABLE tollgate.price_tier (
  price tollgate.slug NOT NULL CONSTRAINT tier_price_exists REFERENCES tollgate.price_rule ON UPDATE CASCADE ON DELETE CASCADE,
  from_bytes bigint NOT NULL,
  credits_per_mb numeric(9,3) NOT NULL,
  CONSTRAINT tier_begins_once PRIMARY KEY (price, from_bytes),
  CONSTRAINT tier_from_bytes_is_at_most_a_petabyte CHECK (from_bytes BETWEEN 0 AND 1000000000000000),
  CONSTRAINT tier_credits_per_mb_is_not_negative CHECK (credits_per_mb >= 0)
);
COMMENT ON TABLE tollgate.price_tier IS 'What bytes cost, as in a tax table: the bytes from here up to the next tier of the same price cost this much per MB (10^6 bytes).';
COMMENT ON COLUMN tollgate.price_tier.price IS 'The price_rule it belongs to.';
COMMENT ON COLUMN tollgate.price_tier.from_bytes IS 'Where the tier begins. A price with tiers has one at 0.';
COMMENT ON COLUMN tollgate.price_tier.credits_per_mb IS 'Credits for each MB inside the tier.';

CREATE FUNCTION tollgate.tiers_begin_at_zero() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  changed text := CASE TG_OP WHEN 'DELETE' THEN OLD.price ELSE NEW.price END;
BEGIN
  IF EXISTS (SELECT FROM tollgate.price_tier t WHERE t.price = changed)
    AND NOT EXISTS (SELECT FROM tollgate.price_tier t WHERE t.price = changed AND t.from_bytes = 0) THEN
    RAISE EXCEPTION 'price % has tiers but none that begins at 0 bytes', changed
      USING ERRCODE = 'check_violation', CONSTRAINT = 'tier_of_a_price_begins_at_zero', TABLE = 'price_tier', SCHEMA = 'tollgate';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION tollgate.tiers_begin_at_zero IS 'Trigger: looks at COMMIT, so that tiers may be written in any order.';
CREATE CONSTRAINT TRIGGER tier_of_a_price_begins_at_zero AFTER INSERT OR UPDATE OR DELETE ON tollgate.price_tier
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tollgate.tiers_begin_at_zero();

CREATE TABLE tollgate.access_rule (
  id tollgate.slug NOT NULL CONSTRAINT access_id_is_unique PRIMARY KEY,
  effect text NOT NULL,
  surface text,
  network cidr,
  account tollgate.slug CONSTRAINT access_account_exists REFERENCES tollgate.account ON UPDATE CASCADE ON DELETE CASCADE,
  package_pattern text,
  expires_at timestamptz,
  reason text NOT NULL,
  CONSTRAINT access_effect_is_allow_or_deny CHECK (effect IN ('allow', 'deny')),
  CONSTRAINT access_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT access_network_of_ipv6_is_a_64_or_wider CHECK (family(network) = 4 OR masklen(network) <= 64),
  CONSTRAINT access_package_pattern_is_a_pattern CHECK (tollgate.is_pattern(package_pattern)),
  CONSTRAINT access_expires_at_is_a_time CHECK (isfinite(expires_at)),
  CONSTRAINT access_reason_is_one_short_line CHECK (reason ~ '^[^\x01-\x1f\x7f]{1,200}$')
);
COMMENT ON TABLE tollgate.access_rule IS 'Who is let in and what. A deny that matches beats every allow. What a row leaves NULL matches everything.';
COMMENT ON COLUMN tollgate.access_rule.id IS 'Name of this row.';
COMMENT ON COLUMN tollgate.access_rule.effect IS 'allow or deny.';
COMMENT ON COLUMN tollgate.access_rule.surface IS 'pypi or gpu.';
COMMENT ON COLUMN tollgate.access_rule.network IS 'Addresses of callers, such as 203.0.113.0/24. IPv6 callers are known by their /64, so nothing narrower.';
COMMENT ON COLUMN tollgate.access_rule.account IS 'The account that calls.';
COMMENT ON COLUMN tollgate.access_rule.package_pattern IS 'RE2 pattern that must match the whole normalised package, or the model.';
COMMENT ON COLUMN tollgate.access_rule.expires_at IS 'From this instant on the row counts for nothing. NULL: never.';
COMMENT ON COLUMN tollgate.access_rule.reason IS 'What the refused person reads: one line of at most 200 characters.';
