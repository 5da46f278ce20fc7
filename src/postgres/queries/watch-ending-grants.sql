-- Purpose: raises and packs that end within one of some spans of time and of which that was not told yet.
-- Guarantee: for each the shortest span that holds, and none that is more than half of its whole life. Packs that are spent, grants of
--            limits that are gone, and what was made for the running window alone (bridges, and what a pack had paid of it) are left out. Reads only.
-- Parameters: $1 spans in hours, $2 at most so many.
SELECT given.id, given.kind, given.limit_name, trim_scale(given.amount)::text AS amount, given.ends_at, step.hours, rule.counts,
       given.account, coalesce(given.project, account.project) AS project,
       coalesce(given.department, project.department) AS department, account.time_zone, event.key
  FROM tollgate.grant AS given
  LEFT JOIN tollgate.account ON account.id = given.account
  LEFT JOIN tollgate.project ON project.id = coalesce(given.project, account.project)
 CROSS JOIN LATERAL (
       SELECT min(hours) AS hours FROM unnest($1::integer[]) AS span (hours)
        WHERE make_interval(hours => hours) >= given.ends_at - now()
          AND make_interval(hours => 2 * hours) < given.ends_at - given.starts_at) AS step
 CROSS JOIN LATERAL (SELECT counts FROM tollgate.limit_rule WHERE name = given.limit_name ORDER BY id LIMIT 1) AS rule
 CROSS JOIN LATERAL (
       SELECT format('grant_ending %s %s %s', given.id, floor(extract(epoch FROM given.ends_at)), step.hours) AS key) AS event
 WHERE given.ends_at > now() AND given.ends_at <= now() + make_interval(hours => (SELECT max(hours) FROM unnest($1::integer[]) AS span (hours)))
   AND given.starts_at <= now() AND given.spent < given.amount AND step.hours IS NOT NULL
   AND given.id !~ '^(bridge|tail)-[0-9a-f]{32}$'
   AND NOT EXISTS (SELECT FROM tollgate.alert_event AS told WHERE told.key = event.key AND told.ended_at IS NULL)
 ORDER BY given.ends_at
 LIMIT $2
