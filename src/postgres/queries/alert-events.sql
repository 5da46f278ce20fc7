-- Purpose: events, newest first, without those that a jump passed over.
-- Parameters: $1 whose: all, account, project, department or installation; $2 the owner's id; $3 only before this event, or NULL; $4 how many.
SELECT e.* FROM tollgate.alert_event e
 WHERE NOT e.skipped
   AND ($1::text <> 'account' OR e.account = $2::text) AND ($1::text <> 'project' OR e.project = $2::text)
   AND ($1::text <> 'department' OR e.department = $2::text)
   AND ($1::text <> 'installation' OR e.account IS NULL AND e.project IS NULL AND e.department IS NULL)
   AND ($3::text IS NULL OR (e.at, e.id) < (SELECT f.at, f.id FROM tollgate.alert_event f WHERE f.id = $3::text))
 ORDER BY e.at DESC, e.id DESC LIMIT $4
