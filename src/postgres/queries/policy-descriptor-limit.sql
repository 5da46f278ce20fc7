-- Purpose: rows of tollgate.descriptor_limit as the policy room reads them. Amounts are numbers: every one that the table takes is exact.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, domain, entries, "position", name, kind, amount::float8, unit, units, time_zone, burst::float8, held_seconds, replaces,
  shadow, quota_mode, detailed_metric, charges_refused, posture
FROM (
  SELECT * FROM tollgate.descriptor_limit WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT * FROM jsonb_populate_recordset(NULL::tollgate.descriptor_limit, $2::jsonb)
) r
