-- Purpose: changes limits of descriptors to what is given.
-- Guarantee: one statement for many rows; the ids stay.
-- Parameters: $1 json list of objects with all columns.
UPDATE tollgate.descriptor_limit k
   SET (domain, entries, "position", name, kind, amount, unit, units, time_zone, burst, held_seconds, replaces, shadow, quota_mode,
        detailed_metric, charges_refused, posture, note) =
       (n.domain, n.entries, n."position", n.name, n.kind, n.amount, n.unit, n.units, n.time_zone, n.burst, n.held_seconds, n.replaces,
        n.shadow, n.quota_mode, n.detailed_metric, n.charges_refused, n.posture, n.note)
  FROM jsonb_populate_recordset(NULL::tollgate.descriptor_limit, $1::jsonb) n
 WHERE k.id = n.id
