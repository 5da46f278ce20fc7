-- Purpose: how many channels an owner has.
-- Parameters: $1 account, project or department; $2 its id.
SELECT count(*)::int AS count FROM tollgate.alert_channel c
 WHERE CASE $1::text WHEN 'account' THEN c.account = $2::text WHEN 'project' THEN c.project = $2::text ELSE c.department = $2::text END
