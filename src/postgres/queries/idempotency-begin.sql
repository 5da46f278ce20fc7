-- Purpose: the key that a write came with, for the first time or again.
-- Guarantee: of several at once exactly one holds it, the others wait for it and are told what it left. A key older than a day is as if it had
--            never been. A caller has a bounded number of them.
-- Parameters: $1 caller, $2 key, $3 fingerprint of the request, $4 the request that would do the work, $5 keys that a caller may have.
WITH crowd AS (
  SELECT count(*) AS count FROM (SELECT FROM tollgate.idempotency_key WHERE caller = $1 AND created_at >= now() - interval '1 day' LIMIT $5) AS own
), begun AS (
  INSERT INTO tollgate.idempotency_key AS known (caller, key, fingerprint, held_by)
  SELECT $1, $2, $3, $4 FROM crowd WHERE count < $5
  ON CONFLICT (caller, key) DO UPDATE SET (fingerprint, held_by, status, body, created_at) = (
    SELECT fresh.* FROM (VALUES (excluded.fingerprint, excluded.held_by, NULL::smallint, NULL::text, now())) AS fresh WHERE known.created_at < now() - interval '1 day'
     UNION ALL
    SELECT known.fingerprint, known.held_by, known.status, known.body, known.created_at WHERE known.created_at >= now() - interval '1 day')
  RETURNING held_by, fingerprint, status, body, created_at
)
SELECT held_by, fingerprint, status, body, created_at FROM begun
