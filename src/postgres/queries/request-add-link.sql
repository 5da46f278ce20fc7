-- Purpose: keep a decision link.
-- Guarantee: its life is counted from this database's clock. Of one decider's links for one request the newest five stay, and links that are
--            a week past their end go.
-- Parameters: $1 digest, $2 request, $3 decider, $4 life in milliseconds.
WITH added AS (
  INSERT INTO tollgate.decision_link (digest, request, decider, expires_at)
  VALUES ($1, $2, $3, now() + $4::float8 * interval '1 millisecond')
  RETURNING expires_at
), surplus AS (
  DELETE FROM tollgate.decision_link
   WHERE expires_at < now() - interval '7 days'
      OR digest IN (SELECT digest FROM tollgate.decision_link WHERE request = $2 AND decider = $3 AND used_at IS NULL
                     ORDER BY created_at DESC, digest OFFSET 4)
)
SELECT expires_at FROM added
