-- Purpose: every limit of descriptors, as imports and exports read them.
-- Guarantee: in the order of the ids; whole numbers stay exact, since amounts are at most 2^52.
-- Parameters: none.
SELECT to_jsonb(l.*) AS row FROM tollgate.descriptor_limit l ORDER BY l.id
