-- Purpose: tokens that end within one of some spans of time and of which that was not told yet.
-- Guarantee: for each the shortest span that holds, and none that is as long as its whole life. Revoked and replaced tokens are left out, and
--            those of disabled accounts. Reads only.
-- Parameters: $1 spans in hours, $2 at most so many.
SELECT token.id, token.hint, token.expires_at, step.hours, account.id AS account, account.time_zone, project.id AS project,
       project.department, event.key
  FROM tollgate.token
  JOIN tollgate.account ON account.id = token.account AND NOT account.disabled
  JOIN tollgate.project ON project.id = account.project
 CROSS JOIN LATERAL (
       SELECT min(hours) AS hours FROM unnest($1::integer[]) AS span (hours)
        WHERE make_interval(hours => hours) >= token.expires_at - now()
          AND make_interval(hours => hours) < token.expires_at - token.created_at) AS step
 CROSS JOIN LATERAL (
       SELECT format('token_expiring %s %s %s', token.id, floor(extract(epoch FROM token.expires_at)), step.hours) AS key) AS event
 WHERE token.expires_at > now() AND token.expires_at <= now() + make_interval(hours => (SELECT max(hours) FROM unnest($1::integer[]) AS span (hours)))
   AND token.revoked_at IS NULL AND token.replaced_by IS NULL AND step.hours IS NOT NULL
   AND NOT EXISTS (SELECT FROM tollgate.alert_event AS told WHERE told.key = event.key AND told.ended_at IS NULL)
 ORDER BY token.expires_at
 LIMIT $2
