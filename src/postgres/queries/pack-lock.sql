-- Purpose: keep packs as they are until the transaction ends.
-- Guarantee: in the order of their ids, so that two who settle the same never wait for each other. Reading is for a statement of its own: one
--            that has waited for a lock sees other tables as they were before.
-- Parameters: $1 ids of grants.
SELECT FROM tollgate.grant WHERE id = ANY ($1) AND kind = 'pack' ORDER BY id FOR UPDATE
