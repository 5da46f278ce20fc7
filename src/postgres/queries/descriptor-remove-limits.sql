-- Purpose: removes limits of descriptors.
-- Guarantee: one statement for many rows.
-- Parameters: $1 json list of ids.
DELETE FROM tollgate.descriptor_limit WHERE id IN (SELECT jsonb_array_elements_text($1::jsonb))
