-- Purpose: how many tokens of an account work, and how many it was given within a day.
-- Guarantee: reads only, and at most a thousand of each.
-- Parameters: $1 account.
SELECT (SELECT count(*)::int FROM (SELECT FROM tollgate.token WHERE account = $1 AND expires_at > now() AND (revoked_at IS NULL OR revoked_at > now())
                                    LIMIT 1000) AS working) AS active,
       (SELECT count(*)::int FROM (SELECT FROM tollgate.token WHERE account = $1 AND created_at > now() - interval '1 day' LIMIT 1000) AS given) AS today
