-- Purpose: own channels of those who may decide a request: the leads of the project where they may, else administrators.
-- Guarantee: reads only; never who asked, nor whom it is for; at most 200.
-- Parameters: $1 asker, $2 account it is for or NULL, $3 project whose leads may decide or NULL.
WITH heard AS (
  SELECT alert_channel.id AS channel, account.id AS decider, account.time_zone, account.role
    FROM tollgate.account
    JOIN tollgate.alert_channel ON alert_channel.account = account.id
   WHERE NOT account.disabled AND NOT alert_channel.disabled
     AND (alert_channel.types IS NULL OR 'request_asked' = ANY (alert_channel.types))
     AND (account.role = 'admin' OR (account.role = 'lead' AND account.project = $3::text))
     AND account.id <> $1 AND account.id IS DISTINCT FROM $2::text
)
SELECT channel, decider, time_zone FROM heard
 WHERE role = 'lead' OR NOT EXISTS (SELECT FROM heard WHERE role = 'lead')
 ORDER BY channel
 LIMIT 200
