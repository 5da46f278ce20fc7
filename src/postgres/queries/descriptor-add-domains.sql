-- Purpose: adds domains of descriptors.
-- Guarantee: one statement; what a row does not name takes the default of its column.
-- Parameters: $1 json list of objects with id and, if need be, counting and charges_refused.
INSERT INTO tollgate.descriptor_domain (id, counting, charges_refused)
SELECT d.id, coalesce(d.counting, 'all_or_nothing'), coalesce(d.charges_refused, false)
  FROM jsonb_to_recordset($1::jsonb) AS d(id text, counting text, charges_refused boolean)
