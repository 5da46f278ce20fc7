-- Purpose: let an active token run out, in the transaction that adds its successor.
-- Guarantee: never makes a life longer. One row if the token was active, else none.
-- Parameters: $1 id, $2 overlap in milliseconds, $3 id of the successor.
UPDATE tollgate.token
   SET expires_at = least(expires_at, now() + $2::float8 * interval '1 millisecond'), replaced_by = $3
 WHERE id = $1 AND expires_at > now() AND (revoked_at IS NULL OR revoked_at > now())
RETURNING id
