-- Purpose: forget old events, and their deliveries with them.
-- Guarantee: what still stands stays, so that it is not told anew; a few at a time.
-- Parameters: $1 older than so many days, $2 how many at most.
DELETE FROM tollgate.alert_event
 WHERE id IN (SELECT e.id FROM tollgate.alert_event e
               WHERE e.at < now() - $1 * interval '1 day' AND (e.ended_at IS NOT NULL OR e.reset_at < now() OR e.type IN ('test', 'channel_stopped'))
               ORDER BY e.at LIMIT $2)
