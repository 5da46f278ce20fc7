-- Purpose: open requests for a time that is over, locked.
-- Guarantee: what somebody is deciding at this moment is left to them.
-- Parameters: $1 at most so many.
SELECT id FROM tollgate.quota_request WHERE state = 'open' AND ends_at <= now() ORDER BY ends_at LIMIT $1 FOR UPDATE SKIP LOCKED
