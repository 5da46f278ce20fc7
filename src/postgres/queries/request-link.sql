-- Purpose: what a decision link decides.
-- Guarantee: reads only. One row while it counts, else none.
-- Parameters: $1 digest.
SELECT request, decider FROM tollgate.decision_link WHERE digest = $1 AND used_at IS NULL AND expires_at > clock_timestamp()
