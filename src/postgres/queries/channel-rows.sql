-- Purpose: channels as people see them, by id.
-- Parameters: $1 whose: all, account, project, department or installation; $2 the owner's id; $3 only this channel, or NULL; $4 only after this
--             id, or NULL; $5 how many.
SELECT c.*, s.stopped_at, s.stopped_why, s.last_sent_at, s.last_error, s.last_error_at
  FROM tollgate.alert_channel c LEFT JOIN tollgate.alert_channel_state s ON s.channel = c.id
 WHERE CASE $1::text WHEN 'all' THEN true WHEN 'account' THEN c.account = $2::text WHEN 'project' THEN c.project = $2::text
                     WHEN 'department' THEN c.department = $2::text
                     ELSE c.account IS NULL AND c.project IS NULL AND c.department IS NULL END
   AND ($3::text IS NULL OR c.id = $3::text) AND ($4::text IS NULL OR c.id > $4::text)
 ORDER BY c.id LIMIT $5
