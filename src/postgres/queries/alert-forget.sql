-- Purpose: forget old events, and their deliveries with them.
-- Guarantee: what still stands stays, so that it is not told anew: what is about an instant that is to come, and conditions that only an end
--            ends. All else that has no such instant is over by then. A few at a time. Waits for nobody: an event that somebody has
--            locked, or of whose deliveries somebody has one, is left for the next time.
-- Parameters: $1 older than so many days, $2 how many at most.
WITH old AS MATERIALIZED (
  SELECT e.id FROM tollgate.alert_event e
   WHERE e.at < now() - $1 * interval '1 day'
     AND (e.ended_at IS NOT NULL OR e.reset_at < now() OR e.reset_at IS NULL AND e.type NOT IN ('policy_quarantined', 'ledger_lag'))
   ORDER BY e.at LIMIT $2 FOR UPDATE SKIP LOCKED
), free AS MATERIALIZED (
  SELECT d.event FROM tollgate.alert_delivery d WHERE d.event IN (SELECT id FROM old) FOR UPDATE SKIP LOCKED
)
DELETE FROM tollgate.alert_event e USING old
 WHERE e.id = old.id
   AND (SELECT count(*) FROM tollgate.alert_delivery d WHERE d.event = old.id) = (SELECT count(*) FROM free f WHERE f.event = old.id)
