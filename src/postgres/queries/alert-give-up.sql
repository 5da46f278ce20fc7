-- Purpose: give up deliveries that are older than a day.
-- Guarantee: only those that were tried, or that cannot be: an outage of ours alone lets nothing fail.
-- Parameters: $1 how many at most.
WITH old AS (
  SELECT d.id, CASE WHEN c.disabled THEN 'The channel was disabled for a day' WHEN s.stopped_at IS NOT NULL THEN 'The channel was stopped for a day'
                    ELSE coalesce(d.error, s.last_error, 'It could not be delivered within a day') END AS why
    FROM tollgate.alert_delivery d
    JOIN tollgate.alert_channel c ON c.id = d.channel
    LEFT JOIN tollgate.alert_channel_state s ON s.channel = d.channel
   WHERE (d.state = 'pending' OR d.state = 'sending' AND d.held_until < now()) AND d.created_at < now() - interval '1 day'
     AND (d.attempts > 0 OR c.disabled OR s.stopped_at IS NOT NULL OR s.failures > 0)
   LIMIT $1 FOR UPDATE OF d SKIP LOCKED
)
UPDATE tollgate.alert_delivery d SET state = 'failed', error = old.why, held_by = NULL, held_until = NULL FROM old WHERE d.id = old.id
