-- Purpose: take due deliveries of one channel.
-- Guarantee: nobody else gets them until the hold is over; then they are due again, all at one instant, whatever became of the holder: so a
--            digest that nobody finished is taken again whole.
-- Parameters: $1 channel, $2 the holder, $3 how many at most, $4 for how many milliseconds.
-- Answers the oldest first: delivery, its event, and what the channel's row says now.
WITH channel AS MATERIALIZED (
  SELECT c.*, coalesce(s.failures, 0) AS failures
    FROM tollgate.alert_channel c LEFT JOIN tollgate.alert_channel_state s ON s.channel = c.id
   WHERE c.id = $1 AND NOT c.disabled AND s.stopped_at IS NULL AND (s.rests_until IS NULL OR s.rests_until <= now())
), taken AS MATERIALIZED (
  SELECT d.id FROM tollgate.alert_delivery d
   WHERE d.channel = $1 AND d.state IN ('pending', 'sending') AND d.next_at <= now() AND EXISTS (SELECT FROM channel)
   ORDER BY d.next_at LIMIT $3 FOR UPDATE OF d SKIP LOCKED
), hold AS MATERIALIZED (
  SELECT clock_timestamp() + $4 * interval '1 millisecond' AS ends_at
), held AS (
  UPDATE tollgate.alert_delivery d
     SET state = 'sending', held_by = $2, held_until = h.ends_at, next_at = h.ends_at
    FROM taken t CROSS JOIN hold h WHERE d.id = t.id
  RETURNING d.id, d.event, d.attempts, d.created_at
)
SELECT h.id AS delivery, h.attempts, (extract(epoch FROM clock_timestamp() - h.created_at) * 1000)::float8 AS age_ms,
       (extract(epoch FROM clock_timestamp() - e.at) * 1000)::float8 AS event_age_ms, to_jsonb(c) AS channel, a.time_zone AS account_zone,
       e.*
  FROM held h
  JOIN tollgate.alert_event e ON e.id = h.event
  CROSS JOIN channel c
  LEFT JOIN tollgate.account a ON a.id = coalesce(c.account, e.account)
 ORDER BY e.at, h.id
