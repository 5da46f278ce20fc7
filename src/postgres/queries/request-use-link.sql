-- Purpose: use a decision link up.
-- Guarantee: one row the first time and while it counts, else none; who comes second waits for the first. Taken back with the transaction.
-- Parameters: $1 digest.
UPDATE tollgate.decision_link SET used_at = clock_timestamp()
 WHERE digest = $1 AND used_at IS NULL AND expires_at > clock_timestamp()
RETURNING request, decider
