-- Purpose: how many tests of an owner's channels people have made within an hour; the operator's are not counted.
-- Parameters: $1 account, project, department or installation; $2 its id.
SELECT count(*)::int AS count FROM tollgate.alert_event e
 WHERE e.type = 'test' AND e.at > now() - interval '1 hour' AND e.data ->> 'by' IS NOT NULL
   AND CASE $1::text WHEN 'account' THEN e.account = $2::text WHEN 'project' THEN e.account IS NULL AND e.project = $2::text
                     WHEN 'department' THEN e.account IS NULL AND e.project IS NULL AND e.department = $2::text
                     ELSE e.account IS NULL AND e.project IS NULL AND e.department IS NULL END
