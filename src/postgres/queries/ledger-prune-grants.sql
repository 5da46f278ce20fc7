-- Purpose: forget bridges and tails of packs that ended long ago. Nobody gave them by hand, and there may be one per account and window.
-- Guarantee: at most $1 rows, none that ended in the last 35 days (the longest window is a month), none that a request points to. Each
--            stays in tollgate.policy_change. Grants that somebody is at are left for the next time.
-- Parameters: $1 rows at most. Answers how many.
WITH actor AS MATERIALIZED (
  SELECT set_config('tollgate.actor', 'ledger', true)
), gone AS (
  DELETE FROM tollgate.grant
   WHERE id = ANY (ARRAY(
         SELECT old.id FROM tollgate.grant AS old, actor
          WHERE old.ends_at < now() - interval '35 days' AND old.kind = 'raise' AND old.id ~ '^(bridge|tail)-[0-9a-f]{32}$'
            AND NOT EXISTS (SELECT FROM tollgate.quota_request AS request WHERE request.grant_id = old.id)
          ORDER BY old.ends_at LIMIT $1 FOR UPDATE OF old SKIP LOCKED))
  RETURNING 1
)
SELECT count(*)::int AS done FROM gone
