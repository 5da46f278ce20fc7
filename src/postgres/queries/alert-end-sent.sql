-- Purpose: write that deliveries were taken by their target.
-- Guarantee: only what the holder still holds; the channel counts as reached.
-- Parameters: $1 deliveries, $2 the holder, $3 the delivery whose message told the others, or NULL.
WITH ended AS (
  UPDATE tollgate.alert_delivery
     SET state = 'sent', attempts = attempts + 1, sent_at = clock_timestamp(), sent_with = nullif($3::bigint, id), held_by = NULL,
         held_until = NULL, error = NULL
   WHERE id = ANY ($1::bigint[]) AND state = 'sending' AND held_by = $2
  RETURNING channel
)
INSERT INTO tollgate.alert_channel_state AS s (channel, last_sent_at)
SELECT channel, clock_timestamp() FROM ended GROUP BY channel
    ON CONFLICT (channel) DO UPDATE SET last_sent_at = excluded.last_sent_at, failures = 0,
       rests_until = CASE WHEN s.failures = 0 THEN s.rests_until END
