-- Purpose: forget on which networks tokens were more than an hour ago.
-- Guarantee: rows that another process is at are left for the next time.
-- Parameters: none.
DELETE FROM tollgate.token_network
 WHERE ctid = ANY (ARRAY(SELECT ctid FROM tollgate.token_network WHERE seen_at < now() - interval '1 hour' FOR UPDATE SKIP LOCKED))
