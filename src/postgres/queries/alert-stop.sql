-- Purpose: stop a channel whose target said that it is gone, and say so to whoever else hears of its owner.
-- Guarantee: both or neither, once until somebody resumes it. Nothing for a channel that is no more.
-- Parameters: $1 channel, $2 what the target said.
WITH stopped AS (
  INSERT INTO tollgate.alert_channel_state AS s (channel, stopped_at, stopped_why, last_error, last_error_at)
  SELECT c.id, clock_timestamp(), $2, $2, clock_timestamp() FROM tollgate.alert_channel c WHERE c.id = $1
      ON CONFLICT (channel) DO UPDATE SET stopped_at = excluded.stopped_at, stopped_why = excluded.stopped_why,
         last_error = excluded.last_error, last_error_at = excluded.last_error_at
      WHERE s.stopped_at IS NULL
  RETURNING channel, stopped_at
)
INSERT INTO tollgate.alert_event (key, type, level, account, project, department, data)
SELECT 'channel_stopped:' || s.channel || ':' || extract(epoch FROM s.stopped_at)::text, 'channel_stopped', 'warning', c.account,
       coalesce(c.project, a.project), c.department, jsonb_build_object('channel', c.id, 'kind', c.kind, 'why', $2::text)
  FROM stopped s
  JOIN tollgate.alert_channel c ON c.id = s.channel
  LEFT JOIN tollgate.account a ON a.id = c.account
    ON CONFLICT (key) WHERE ended_at IS NULL DO NOTHING
