-- Purpose: plans as they are sold, with their limits, and packs for who needs more for a day or a month. To start from in production.
-- Guarantee: may be run again: adds what is missing and leaves alone what is there, also what you changed since.
-- Parameters: none.

-- PLANS. An account has one, and its limits below are written for plans: a new account needs one row and nothing else.
-- token_days_max: its tokens live so long at most. bridge_percent: so much more of a quota its people may take by themselves, once per
-- window, when it runs out at a bad moment (`tollgate grant bridge`); machines get none, because they would always take it.
INSERT INTO tollgate.plan (id, token_days_max, bridge_percent, note) VALUES
  ('free', 7, 5, 'Whoever signs up: enough to try everything, little enough to give away'),
  ('verified', 30, 5, 'People we know: a confirmed name or a contract'),
  -- A build cannot answer a mail that its token expires: the token lives for a quarter, and token_expiring alerts tell its owners.
  ('ci', 90, 0, 'Machines that build: often, many packages at once, at any hour'),
  ('mirror', 90, 0, 'Mirrors of other sites: they walk through all packages there are')
ON CONFLICT DO NOTHING;

-- RATES of the package index. They refill all the time, and installers come back by themselves after a 429.
-- burst is what a quiet caller may do at once: pip with a long requirements file, or a build that starts on twenty machines.
INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, burst, every, applies_to_plan) VALUES
  ('package-requests-free', 'package-requests', 'rate', 'requests', 'account', 'pypi', 20, 300, '1 second', 'free'),
  ('package-requests-verified', 'package-requests', 'rate', 'requests', 'account', 'pypi', 50, 300, '1 second', 'verified'),
  ('package-requests-ci', 'package-requests', 'rate', 'requests', 'account', 'pypi', 200, 1000, '1 second', 'ci'),
  -- Half a million index pages in an hour and a half.
  ('package-requests-mirror', 'package-requests', 'rate', 'requests', 'account', 'pypi', 100, 1000, '1 second', 'mirror'),
  -- RATES of the GPU pods: one photograph takes seconds, so they are counted by the minute.
  ('gpu-calls-free', 'gpu-calls', 'rate', 'requests', 'account', 'gpu', 5, 5, '1 minute', 'free'),
  ('gpu-calls-verified', 'gpu-calls', 'rate', 'requests', 'account', 'gpu', 20, 20, '1 minute', 'verified'),
  ('gpu-calls-ci', 'gpu-calls', 'rate', 'requests', 'account', 'gpu', 20, 20, '1 minute', 'ci'),
  ('gpu-calls-mirror', 'gpu-calls', 'rate', 'requests', 'account', 'gpu', 1, 1, '1 minute', 'mirror')
ON CONFLICT DO NOTHING;

-- QUOTAS of the package index: budgets of a calendar hour or day, in credits. What a file costs is up to your price rules; with those of
-- `tollgate seed demo` it is 1 credit and something for its bytes. Without time_zone a day is the account's own day.
INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, "window", posture, applies_to_plan) VALUES
  ('hourly-credits-free', 'hourly-credits', 'quota', 'credits', 'account', 'pypi', 1000, 'hour', 'allow', 'free'),
  ('hourly-credits-verified', 'hourly-credits', 'quota', 'credits', 'account', 'pypi', 10000, 'hour', 'allow', 'verified'),
  ('hourly-credits-ci', 'hourly-credits', 'quota', 'credits', 'account', 'pypi', 20000, 'hour', 'allow', 'ci'),
  ('daily-credits-free', 'daily-credits', 'quota', 'credits', 'account', 'pypi', 2000, 'day', 'allow', 'free'),
  ('daily-credits-verified', 'daily-credits', 'quota', 'credits', 'account', 'pypi', 50000, 'day', 'allow', 'verified'),
  ('daily-credits-ci', 'daily-credits', 'quota', 'credits', 'account', 'pypi', 200000, 'day', 'allow', 'ci'),
  -- A full walk takes what it takes: the hour is not what bounds it, the day is what somebody looks at when it is gone.
  ('hourly-credits-mirror', 'hourly-credits', 'quota', 'credits', 'account', 'pypi', 5000000, 'hour', 'allow', 'mirror'),
  ('daily-credits-mirror', 'daily-credits', 'quota', 'credits', 'account', 'pypi', 5000000, 'day', 'allow', 'mirror'),
  -- QUOTAS of the GPU pods. GPU time is dear: when the counters cannot be asked, better nothing than without limit (posture deny).
  -- At 10 credits a call free is 30 photographs a day.
  ('gpu-daily-credits-free', 'gpu-daily-credits', 'quota', 'credits', 'account', 'gpu', 300, 'day', 'deny', 'free'),
  ('gpu-daily-credits-verified', 'gpu-daily-credits', 'quota', 'credits', 'account', 'gpu', 3000, 'day', 'deny', 'verified'),
  ('gpu-daily-credits-ci', 'gpu-daily-credits', 'quota', 'credits', 'account', 'gpu', 1000, 'day', 'deny', 'ci'),
  ('gpu-daily-credits-mirror', 'gpu-daily-credits', 'quota', 'credits', 'account', 'gpu', 10, 'day', 'deny', 'mirror')
ON CONFLICT DO NOTHING;

-- A CAP: a mirror keeps few downloads open at one time, so that people's installs are served beside it.
INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, applies_to_plan) VALUES
  ('downloads-at-once-mirror', 'downloads-at-once', 'concurrency', 'in_flight', 'account', 'pypi', 16, 'mirror')
ON CONFLICT DO NOTHING;

-- PACKS: prepaid, spent before the plan's own quota, until they are used up or over. `tollgate grant pack --account alice --pack vip-day`
-- gives one; a day is until the end of the account's day, a month until the end of the same day of the next month. What is left of a pack
-- goes on to the next day; the plan's own credits are untouched as long as it lasts. Prices are for people: Tollgate takes no money.
INSERT INTO tollgate.pack (id, limit_name, amount, lasts, price, currency, note) VALUES
  ('vip-day', 'gpu-daily-credits', 2000, 'day', 9.90, 'CNY', '200 photographs today'),
  ('vip-month', 'gpu-daily-credits', 40000, 'month', 128.00, 'CNY', '4,000 photographs within a month'),
  ('packages-day', 'daily-credits', 10000, 'day', NULL, NULL, 'A release, or a new machine: not sold, given when asked for')
ON CONFLICT DO NOTHING;
