-- Purpose: every domain of descriptors, as imports and exports read them.
-- Guarantee: in the order of the ids.
-- Parameters: none.
SELECT to_jsonb(d.*) AS row FROM tollgate.descriptor_domain d ORDER BY d.id
