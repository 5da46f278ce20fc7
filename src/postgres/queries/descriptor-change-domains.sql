-- Purpose: changes how domains of descriptors count.
-- Guarantee: one statement; other columns stay as they are.
-- Parameters: $1 json list of objects with id, counting and charges_refused.
UPDATE tollgate.descriptor_domain k SET counting = d.counting, charges_refused = d.charges_refused
  FROM jsonb_to_recordset($1::jsonb) AS d(id text, counting text, charges_refused boolean)
 WHERE k.id = d.id
