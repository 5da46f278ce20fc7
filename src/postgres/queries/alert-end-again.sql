-- Purpose: give deliveries back, to be tried later.
-- Guarantee: only what the holder still holds.
-- Parameters: $1 deliveries, $2 the holder, $3 in how many milliseconds, $4 whether it counts as an attempt, $5 what went wrong, or NULL.
UPDATE tollgate.alert_delivery
   SET state = 'pending', attempts = attempts + $4::boolean::int, next_at = clock_timestamp() + $3 * interval '1 millisecond',
       held_by = NULL, held_until = NULL, error = coalesce($5, error)
 WHERE id = ANY ($1::bigint[]) AND state = 'sending' AND held_by = $2
