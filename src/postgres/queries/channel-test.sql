-- Purpose: write a test event for one channel alone, which then tries at once if it was resting.
-- Parameters: $1 channel, $2 who tests, or NULL.
WITH rested AS (UPDATE tollgate.alert_channel_state SET rests_until = NULL WHERE channel = $1)
INSERT INTO tollgate.alert_event (key, type, level, account, project, department, data, only_channel)
SELECT 'test:' || c.id || ':' || gen_random_uuid(), 'test', 'info', c.account, coalesce(c.project, a.project), c.department,
       jsonb_build_object('channel', c.id, 'by', $2::text), c.id
  FROM tollgate.alert_channel c LEFT JOIN tollgate.account a ON a.id = c.account
 WHERE c.id = $1
RETURNING id
