-- Purpose: limits of what is under way at once, quotas of a week and a month, rates that hold before they refuse, and limits that keep
--          a share of their amount while the counters cannot be asked.
-- Guarantee: every row of before stands as it stood; a combination that this release does not enforce is refused by name.

ALTER TABLE tollgate.limit_rule
  ADD COLUMN week_starts text,
  ADD COLUMN pace_ms_max integer,
  DROP CONSTRAINT limit_kind_is_rate_or_quota,
  DROP CONSTRAINT limit_window_is_hour_or_day,
  DROP CONSTRAINT limit_posture_is_allow_or_deny,
  DROP CONSTRAINT limit_counts_a_known_quantity,
  ADD CONSTRAINT limit_kind_is_known CHECK (kind IN ('rate', 'quota', 'concurrency')),
  ADD CONSTRAINT limit_counts_a_known_quantity CHECK (counts IN ('requests', 'credits', 'bytes', 'in_flight')),
  ADD CONSTRAINT limit_window_is_known CHECK ("window" IN ('hour', 'day', 'week', 'month')),
  ADD CONSTRAINT limit_posture_is_known CHECK (posture IN ('allow', 'deny', 'local')),
  ADD CONSTRAINT limit_counts_in_flight_if_it_is_concurrency CHECK ((kind = 'concurrency') = (counts = 'in_flight')),
  ADD CONSTRAINT limit_concurrency_is_at_most_1000 CHECK (kind <> 'concurrency' OR amount <= 1000),
  ADD CONSTRAINT limit_concurrency_has_no_burst CHECK (kind <> 'concurrency' OR (burst IS NULL AND every IS NULL)),
  ADD CONSTRAINT limit_concurrency_has_no_window CHECK (kind <> 'concurrency' OR ("window" IS NULL AND time_zone IS NULL)),
  ADD CONSTRAINT limit_week_starts_on_a_day
    CHECK (week_starts IN ('monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday')),
  ADD CONSTRAINT limit_week_starts_is_for_weeks CHECK (week_starts IS NULL OR "window" IS NOT DISTINCT FROM 'week'),
  ADD CONSTRAINT limit_pace_is_at_most_a_minute CHECK (pace_ms_max BETWEEN 0 AND 60000),
  ADD CONSTRAINT limit_pace_is_for_rates CHECK (pace_ms_max IS NULL OR kind = 'rate');
ALTER TABLE tollgate.limit_rule RENAME CONSTRAINT limit_of_requests_or_bytes_is_whole TO limit_is_whole_unless_of_credits;

COMMENT ON COLUMN tollgate.limit_rule.kind IS 'rate: amount per every, at most burst at once, refilling. quota: amount in each calendar window. concurrency: amount requests under way at one time.';
COMMENT ON COLUMN tollgate.limit_rule.counts IS 'What is counted: requests, credits or bytes; of a concurrency in_flight, the requests under way.';
COMMENT ON COLUMN tollgate.limit_rule.amount IS 'How much: credits with up to three decimals, all else whole. Counted in thousandths of a credit, at most 2^52; of a concurrency at most 1000.';
COMMENT ON COLUMN tollgate.limit_rule."window" IS 'Only quotas: hour, day, week or month, on the calendar of time_zone. A day with a change of clocks is 23 or 25 hours long, and one without a midnight begins when it begins.';
COMMENT ON COLUMN tollgate.limit_rule.week_starts IS 'Only weeks: the day they begin on, monday to sunday. NULL: monday.';
COMMENT ON COLUMN tollgate.limit_rule.pace_ms_max IS 'Only rates: instead of being refused a request is held until it fits, at most so many milliseconds (0: refused at once). Installers wait for a slow answer and give up at a refusal. NULL: 3000 if surface is pypi, else 0.';
COMMENT ON COLUMN tollgate.limit_rule.enforce_at IS 'artifact: refuses only artifacts, their metadata, uploads and GPU calls; index pages are counted. everything: refuses all. Unless said otherwise a quota enforces at artifacts, a rate or concurrency everything.';
COMMENT ON COLUMN tollgate.limit_rule.posture IS 'What happens when the counters cannot be asked: allow, deny, or local (each process allows its share: amount divided by the processes last known).';
