-- Purpose: deliveries as people see them, newest first.
-- Guarantee: walks an index and stops; of an owner's channels it takes each one's newest.
-- Parameters: $1 whose: all, account, project, department or installation; $2 the owner's id; $3 only of this channel, or NULL; $4 only in this
--             state, or NULL; $5 only before this id, or NULL; $6 how many; $7 only this one, or NULL; $8 only of this event, or NULL.
WITH page AS (
  (SELECT d.* FROM tollgate.alert_delivery d
    WHERE $1::text = 'all' AND $3::text IS NULL AND ($4::text IS NULL OR d.state = $4::text) AND ($5::bigint IS NULL OR d.id < $5::bigint)
      AND ($7::bigint IS NULL OR d.id = $7::bigint) AND ($8::text IS NULL OR d.event = $8::text)
    ORDER BY d.id DESC LIMIT $6)
  UNION ALL
  (SELECT d.* FROM tollgate.alert_channel c CROSS JOIN LATERAL (
      SELECT d.* FROM tollgate.alert_delivery d
       WHERE d.channel = c.id AND ($4::text IS NULL OR d.state = $4::text) AND ($5::bigint IS NULL OR d.id < $5::bigint)
       ORDER BY d.id DESC LIMIT $6) d
    WHERE ($1::text <> 'all' OR $3::text IS NOT NULL) AND ($3::text IS NULL OR c.id = $3::text)
      AND CASE $1::text WHEN 'all' THEN true WHEN 'account' THEN c.account = $2::text WHEN 'project' THEN c.project = $2::text
                        WHEN 'department' THEN c.department = $2::text
                        ELSE c.account IS NULL AND c.project IS NULL AND c.department IS NULL END
    ORDER BY d.id DESC LIMIT $6)
)
SELECT d.*, e.type, e.level, e.at, e.account, e.project, e.percent
  FROM page d JOIN tollgate.alert_event e ON e.id = d.event
 ORDER BY d.id DESC LIMIT $6
