-- Purpose: requests that were asked or decided by plain SQL in the last two days, so that nobody was told.
-- Guarantee: reads only. What a use case writes comes with its event in one transaction and is never among them.
-- Parameters: $1 at most so many.
SELECT asked.id, untold.of, trim_scale(given.amount)::text AS amount, given.ends_at
  FROM (SELECT id, 'asked' AS of FROM tollgate.quota_request
         WHERE asked_at > now() - interval '2 days' AND state = 'open'
         UNION ALL
        SELECT id, 'decided' FROM tollgate.quota_request
         WHERE decided_at > now() - interval '2 days' AND state IN ('approved', 'declined', 'expired')) AS untold
  JOIN tollgate.quota_request AS asked ON asked.id = untold.id
  LEFT JOIN tollgate.grant AS given ON given.id = asked.grant_id
 WHERE NOT EXISTS (SELECT FROM tollgate.alert_event AS told
                    WHERE told.key = format('request_%s:%s', untold.of, untold.id) AND told.ended_at IS NULL)
 ORDER BY asked.asked_at, asked.id
 LIMIT $1
