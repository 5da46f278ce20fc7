-- Purpose: where a channel sends, as its row has it.
-- Parameters: $1 channel.
SELECT target FROM tollgate.alert_channel WHERE id = $1
