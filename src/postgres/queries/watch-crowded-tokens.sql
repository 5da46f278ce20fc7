-- Purpose: tokens that were used from many networks within the last hour and of which that was not told today.
-- Guarantee: once per token and UTC day. Revoked tokens are left out. Reads only.
-- Parameters: $1 from so many networks on, $2 at most so many.
SELECT token.id, token.hint, account.id AS account, account.time_zone, project.id AS project, project.department,
       seen.networks, event.key
  FROM (SELECT token, count(*)::int AS networks FROM tollgate.token_network WHERE seen_at > now() - interval '1 hour'
         GROUP BY token HAVING count(*) >= $1) AS seen
  JOIN tollgate.token ON token.id = seen.token AND token.revoked_at IS NULL AND token.expires_at > now()
  JOIN tollgate.account ON account.id = token.account
  JOIN tollgate.project ON project.id = account.project
 CROSS JOIN LATERAL (
       SELECT format('token_networks %s %s', token.id, (now() AT TIME ZONE 'UTC')::date) AS key) AS event
 WHERE NOT EXISTS (SELECT FROM tollgate.alert_event AS told WHERE told.key = event.key AND told.ended_at IS NULL)
 ORDER BY seen.networks DESC, token.id
 LIMIT $2
