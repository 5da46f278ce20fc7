-- Purpose: let a stopped or resting channel try again at once.
-- Parameters: $1 channel.
UPDATE tollgate.alert_channel_state SET stopped_at = NULL, stopped_why = NULL, rests_until = NULL, failures = 0 WHERE channel = $1
