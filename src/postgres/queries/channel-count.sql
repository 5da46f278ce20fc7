-- Purpose: how many channels an owner has.
-- Guarantee: whoever adds one for the same owner waits until this transaction ends.
-- Parameters: $1 account, project or department; $2 its id.
WITH alone AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended('tollgate alert_channel ' || $1::text || ' ' || $2::text, 0)))
SELECT count(c.id)::int AS count
  FROM alone LEFT JOIN tollgate.alert_channel c
    ON CASE $1::text WHEN 'account' THEN c.account = $2::text WHEN 'project' THEN c.project = $2::text ELSE c.department = $2::text END
