-- Purpose: how many messages a target has had within the last minute, and how many of the channel's deliveries are due.
-- Guarantee: the row of the target stays locked until the transaction ends, so that two holders never count past each other.
-- Parameters: $1 channel, $2 count no further than this, $3 mark of the target.
-- Answers the instants as milliseconds ago, oldest first, and the count of due deliveries.
WITH pace AS (
  INSERT INTO tollgate.alert_target_pace (target, used_at) VALUES ($3, '{}')
      ON CONFLICT (target) DO UPDATE SET target = excluded.target
  RETURNING used_at
)
SELECT ARRAY(SELECT (extract(epoch FROM clock_timestamp() - u) * 1000)::float8 FROM unnest(p.used_at) u
              WHERE u > clock_timestamp() - interval '1 minute' ORDER BY u) AS used_ms_ago,
       (SELECT count(*)::int FROM (
          SELECT FROM tollgate.alert_delivery d
           WHERE d.channel = $1 AND d.state IN ('pending', 'sending') AND d.next_at <= now() LIMIT $2) due) AS due
  FROM pace p
