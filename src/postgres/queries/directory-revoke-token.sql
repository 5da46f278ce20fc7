-- Purpose: revoke a token now.
-- Guarantee: one that is revoked already keeps its time and is not written.
-- Parameters: $1 id.
UPDATE tollgate.token SET revoked_at = now() WHERE id = $1 AND (revoked_at IS NULL OR revoked_at > now())
