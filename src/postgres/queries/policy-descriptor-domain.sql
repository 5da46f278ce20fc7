-- Purpose: rows of tollgate.descriptor_domain as the policy room reads them.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, counting, charges_refused, posture, shadow, quota_mode, headers, headers_show, metadata, trusts_descriptors, surface
FROM (
  SELECT * FROM tollgate.descriptor_domain WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT * FROM jsonb_populate_recordset(NULL::tollgate.descriptor_domain, $2::jsonb)
) r
