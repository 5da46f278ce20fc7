-- Purpose: add what a process refused to what is there.
-- Guarantee: all or none. Rows are taken in the order of their key, so that two processes never wait for each other in a circle.
-- Parameters: $1 JSON array of rows, fields as the columns.
INSERT INTO tollgate.refusal_hour AS known (
       hour, account, project, department, surface, resource, limit_name, cause, count, first_at, last_at)
SELECT hour, account, project, department, surface, resource, limit_name, cause, count, first_at, last_at
  FROM jsonb_to_recordset($1::jsonb) AS refused (
       hour timestamptz, account text, project text, department text, surface text, resource text, limit_name text, cause text,
       count bigint, first_at timestamptz, last_at timestamptz)
 ORDER BY hour, account, surface, resource, limit_name, cause
    ON CONFLICT (hour, account, surface, resource, limit_name, cause) DO UPDATE
   SET count = known.count + excluded.count, first_at = least(known.first_at, excluded.first_at),
       last_at = greatest(known.last_at, excluded.last_at)
