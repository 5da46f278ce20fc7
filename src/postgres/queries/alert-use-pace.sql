-- Purpose: write down that messages go to a target now.
-- Guarantee: those older than a minute are forgotten.
-- Parameters: $1 mark of the target, $2 how many messages.
UPDATE tollgate.alert_target_pace
   SET used_at = ARRAY(SELECT u FROM unnest(used_at) u WHERE u > clock_timestamp() - interval '1 minute' ORDER BY u)
                 || array_fill(clock_timestamp(), ARRAY[$2::int])
 WHERE target = $1
