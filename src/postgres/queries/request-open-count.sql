-- Purpose: how many requests of an account wait for a decision, and how many it asked within a day.
-- Guarantee: reads only.
-- Parameters: $1 account.
SELECT (count(*) FILTER (WHERE state = 'open'))::int AS open,
       (count(*) FILTER (WHERE asked_at > now() - interval '1 day'))::int AS today
  FROM tollgate.quota_request
 WHERE asked_by = $1 AND (state = 'open' OR asked_at > now() - interval '1 day')
