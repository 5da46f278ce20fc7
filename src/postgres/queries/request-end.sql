-- Purpose: write what became of an open request.
-- Guarantee: one row if it was open, else none.
-- Parameters: $1 id, $2 state, $3 decider or NULL, $4 note, $5 grant or NULL.
UPDATE tollgate.quota_request
   SET state = $2, decided_by = $3, decided_at = now(), decision_note = $4, grant_id = $5
 WHERE id = $1 AND state = 'open'
