-- Purpose: every row of descriptors, as imports and exports read them.
-- Guarantee: one statement, so domains and limits are as of one instant. Whole numbers stay exact: amounts are at most 2^52.
-- Parameters: none.
SELECT (SELECT coalesce(jsonb_agg(to_jsonb(d.*) ORDER BY d.id), '[]') FROM tollgate.descriptor_domain d) AS domains,
       (SELECT coalesce(jsonb_agg(to_jsonb(l.*) ORDER BY l.id), '[]') FROM tollgate.descriptor_limit l) AS limits
