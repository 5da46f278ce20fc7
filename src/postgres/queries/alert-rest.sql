-- Purpose: let a channel rest.
-- Guarantee: a rest is never made shorter. Nothing for a channel that is no more.
-- Parameters: $1 channel, $2 for how many milliseconds, $3 why, or NULL when it is no trouble, $4 whether it counts as a failure to reach it.
INSERT INTO tollgate.alert_channel_state AS s (channel, rests_until, failures, last_error, last_error_at)
SELECT c.id, clock_timestamp() + $2 * interval '1 millisecond', $4::boolean::int, $3, CASE WHEN $3::text IS NOT NULL THEN clock_timestamp() END
  FROM tollgate.alert_channel c WHERE c.id = $1
    ON CONFLICT (channel) DO UPDATE SET rests_until = greatest(s.rests_until, excluded.rests_until),
       failures = least(s.failures + excluded.failures, 1000000),
       last_error = coalesce(excluded.last_error, s.last_error), last_error_at = coalesce(excluded.last_error_at, s.last_error_at)
