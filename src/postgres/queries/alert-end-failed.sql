-- Purpose: give deliveries up.
-- Guarantee: only what the holder still holds; they stay for people to look at and to send again.
-- Parameters: $1 deliveries, $2 the holder, $3 why.
WITH ended AS (
  UPDATE tollgate.alert_delivery
     SET state = 'failed', attempts = attempts + 1, held_by = NULL, held_until = NULL, error = $3
   WHERE id = ANY ($1::bigint[]) AND state = 'sending' AND held_by = $2
  RETURNING channel
)
INSERT INTO tollgate.alert_channel_state (channel, last_error, last_error_at)
SELECT channel, $3, clock_timestamp() FROM ended GROUP BY channel
    ON CONFLICT (channel) DO UPDATE SET last_error = excluded.last_error, last_error_at = excluded.last_error_at
