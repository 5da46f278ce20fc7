-- Purpose: a small organisation to try Tollgate with. Read it from top to bottom to learn how policy is written. Its people are of the plans
--          of plans.sql, which is run before.
-- Guarantee: may be run again: adds what is missing and leaves alone what is there, also what you changed since.
-- Parameters: none.

-- Two departments. Each pays for its projects, and a project for its accounts.
INSERT INTO tollgate.department (id, note) VALUES
  ('research', 'Trains models, installs a lot of packages'),
  ('restoration', 'Restores old photographs on the GPU pods')
ON CONFLICT DO NOTHING;

INSERT INTO tollgate.project (id, department, note) VALUES
  ('vision', 'research', 'Image models'),
  ('pipelines', 'research', 'Continuous integration'),
  ('old-photos', 'restoration', 'The photo archive'),
  ('public', 'research', 'Callers without a token')
ON CONFLICT DO NOTHING;

-- Plans: what an account signed up for. plans.sql has those with a name: free, verified, ci and mirror.
INSERT INTO tollgate.plan (id, token_days_max, note) VALUES
  ('anonymous', 1, 'No token: only what everybody may have')
ON CONFLICT DO NOTHING;

-- Accounts. The one named anonymous stands for callers without credentials; delete it and they get 401.
-- Tokens are not here, because only their digests may be kept: `tollgate token issue --account alice` shows a new one once.
INSERT INTO tollgate.account (id, kind, role, project, plan, time_zone, note) VALUES
  ('alice', 'person', 'member', 'vision', 'free', 'UTC', 'Installs packages'),
  ('carol', 'person', 'lead', 'vision', 'verified', 'UTC', 'Leads the project: decides what its people ask for'),
  ('bob', 'person', 'member', 'old-photos', 'verified', 'Asia/Shanghai', 'His days begin at midnight in Shanghai'),
  ('ci-build', 'ci', 'member', 'pipelines', 'ci', 'UTC', 'The build machines'),
  ('mirror-bot', 'mirror', 'member', 'pipelines', 'mirror', 'UTC', 'Copies packages to another site'),
  ('anonymous', 'service', 'member', 'public', 'anonymous', 'UTC', 'Everybody without a token')
ON CONFLICT DO NOTHING;

-- The servers behind Envoy. Envoy's route names one by context_extensions.upstream; a host may name it too.
INSERT INTO tollgate.upstream (id, surface, mount_path, origin_url, grammar, note) VALUES
  ('mirror', 'pypi', '', 'http://127.0.0.1:8081', 'pypi', 'The package mirror'),
  ('gpu', 'gpu', '/gpu', 'http://127.0.0.1:8188', 'http', 'A pod that restores photographs: every request is one call')
ON CONFLICT DO NOTHING;

-- RATES refill all the time: 50 requests each second, and 300 at once after a quiet while.
-- A rate refuses with 429 and Retry-After, and installers come back by themselves.
INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, burst, every, applies_to_plan) VALUES
  ('package-requests', 'package-requests', 'rate', 'requests', 'account', 'pypi', 50, 300, '1 second', NULL),
  -- The same name for one plan: one name is one limit, and the more specific row is the one that counts. plans.sql has more of them.
  -- Callers without a token share an account, so each address has a counter of its own.
  ('package-requests-anonymous', 'package-requests', 'rate', 'requests', 'address', 'pypi', 5, 20, '1 second', 'anonymous'),
  -- The GPU has rules of its own: five calls at once, then one every twelve seconds; more for plans that have more.
  ('gpu-calls', 'gpu-calls', 'rate', 'requests', 'account', 'gpu', 5, 5, '1 minute', NULL)
ON CONFLICT DO NOTHING;

-- QUOTAS are budgets of a calendar hour, day, week or month, here in credits. They refuse files with 403 until the window ends; index pages stay readable.
-- Without time_zone a day is the account's own day; counters of several accounts together name one zone for all.
INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, "window", time_zone, posture, applies_to_plan) VALUES
  ('hourly-credits', 'hourly-credits', 'quota', 'credits', 'account', 'pypi', 2000, 'hour', NULL, 'allow', NULL),
  ('daily-credits', 'daily-credits', 'quota', 'credits', 'account', 'pypi', 10000, 'day', NULL, 'allow', NULL),
  ('daily-credits-anonymous', 'daily-credits', 'quota', 'credits', 'address', 'pypi', 500, 'day', 'UTC', 'allow', 'anonymous'),
  ('project-daily-credits', 'project-daily-credits', 'quota', 'credits', 'project', 'pypi', 300000, 'day', 'UTC', 'allow', NULL),
  ('department-daily-credits', 'department-daily-credits', 'quota', 'credits', 'department', 'pypi', 500000, 'day', 'UTC', 'allow', NULL),
  -- GPU time is dear: when the counters cannot be asked, better nothing than without limit.
  ('gpu-daily-credits', 'gpu-daily-credits', 'quota', 'credits', 'account', 'gpu', 1000, 'day', NULL, 'deny', NULL)
ON CONFLICT DO NOTHING;

-- PRICES. Of the rows that match a request the most specific one counts. Looking is free, a file costs 1 credit and its bytes.
INSERT INTO tollgate.price_rule (id, surface, kind, package_pattern, base_credits, charged, assumed_bytes) VALUES
  ('package-root', 'pypi', 'root', NULL, 0, 'at_the_door', 0),
  ('package-index', 'pypi', 'index', NULL, 0, 'at_the_door', 0),
  ('package-metadata', 'pypi', 'metadata', NULL, 0.1, 'at_the_door', 0),
  ('package-file', 'pypi', 'artifact', NULL, 1, 'by_size', 2000000),
  -- Everything of the big frameworks, by a pattern over the whole normalised name.
  ('framework-file', 'pypi', 'artifact', '(torch|tensorflow|nvidia)(-.*)?', 5, 'by_size', 500000000),
  ('package-upload', 'pypi', 'upload', NULL, 1, 'by_size', 2000000),
  ('gpu-call', 'gpu', NULL, NULL, 10, 'at_the_door', 0)
ON CONFLICT DO NOTHING;

-- What bytes cost, as in a tax table: the first 10 MB a tenth of a credit per MB, the next up to 100 MB half, all above a fifth.
INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES
  ('package-file', 0, 0.1),
  ('package-file', 10000000, 0.5),
  ('package-file', 100000000, 0.2),
  ('framework-file', 0, 0.2),
  ('package-upload', 0, 0.1)
ON CONFLICT DO NOTHING;

-- ACCESS. A deny beats everything; the person reads the reason.
INSERT INTO tollgate.access_rule (id, effect, surface, network, package_pattern, reason) VALUES
  ('no-typosquats', 'deny', 'pypi', NULL, '(reqeusts|urlib3|python-dateutils)', 'This package imitates another one; check the spelling'),
  ('no-test-network', 'deny', NULL, '198.51.100.0/24', NULL, 'This network may not use the service')
ON CONFLICT DO NOTHING;
