-- Purpose: how many deliveries wait.
-- Guarantee: counts no further than 100,000; forgets the pace of targets that nothing went to for a day, except those that somebody is at.
WITH forgotten AS (
  DELETE FROM tollgate.alert_target_pace
   WHERE target IN (SELECT target FROM tollgate.alert_target_pace
                     WHERE coalesce(used_at[cardinality(used_at)], '-infinity') < now() - interval '1 day' FOR UPDATE SKIP LOCKED)
)
SELECT count(*)::int AS waiting FROM (
  SELECT FROM tollgate.alert_delivery WHERE state IN ('pending', 'sending') LIMIT 100000) bounded
