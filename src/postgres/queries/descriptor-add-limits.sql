-- Purpose: adds limits of descriptors.
-- Guarantee: one statement for many rows.
-- Parameters: $1 json list of objects with all columns.
INSERT INTO tollgate.descriptor_limit (
  id, domain, entries, "position", name, kind, amount, unit, units, time_zone, burst, held_seconds, replaces, shadow, quota_mode,
  detailed_metric, charges_refused, posture, note)
SELECT id, domain, entries, "position", name, kind, amount, unit, units, time_zone, burst, held_seconds, replaces, shadow, quota_mode,
  detailed_metric, charges_refused, posture, note
  FROM jsonb_populate_recordset(NULL::tollgate.descriptor_limit, $1::jsonb)
