-- Purpose: recompute which packages and models are hot, normal or rare.
-- Guarantee: at most `resources_max` rows per surface; what is already hot or rare is judged by its later threshold; `since` moves only when
--            the heat changes. Any number of processes may run it: the second finds nothing to change.
-- Parameters: none. Answers how many rows changed.
WITH counted AS (
  SELECT surface, resource, sum(requests)::bigint AS requests, max(hour) AS seen_at
    FROM tollgate.heat_threshold
    JOIN tollgate.usage_hour USING (surface)
   WHERE resource <> '' AND requests > 0
     AND hour >= (SELECT date_trunc('hour', now(), 'UTC') - max(window_hours) * interval '1 hour' FROM tollgate.heat_threshold)
     AND hour >= date_trunc('hour', now(), 'UTC') - window_hours * interval '1 hour'
   GROUP BY surface, resource
), known AS (
  SELECT surface, resource, coalesce(counted.requests, 0) AS requests, coalesce(counted.seen_at, old.seen_at) AS seen_at, old.heat
    FROM counted
    FULL JOIN tollgate.resource_heat AS old USING (surface, resource)
), judged AS (
  SELECT surface, resource, requests, seen_at,
         CASE WHEN requests >= hot_from OR (heat = 'hot' AND requests >= hot_until) THEN 'hot'
              WHEN requests <= rare_from OR (heat = 'rare' AND requests <= rare_until) THEN 'rare'
              ELSE 'normal' END AS heat,
         row_number() OVER (PARTITION BY surface ORDER BY requests DESC, seen_at DESC, resource) AS place, resources_max
    FROM known
    JOIN tollgate.heat_threshold USING (surface)
   WHERE seen_at >= now() - interval '30 days'
), kept AS (
  SELECT surface, resource, requests, seen_at, heat FROM judged WHERE place <= resources_max
), gone AS (
  DELETE FROM tollgate.resource_heat AS old
   WHERE NOT EXISTS (SELECT FROM kept WHERE kept.surface = old.surface AND kept.resource = old.resource)
  RETURNING 1
), changed AS (
  INSERT INTO tollgate.resource_heat AS old (surface, resource, heat, since, requests, seen_at)
  SELECT surface, resource, heat, now(), requests, seen_at FROM kept ORDER BY surface, resource
      ON CONFLICT (surface, resource) DO UPDATE
     SET heat = excluded.heat, requests = excluded.requests, seen_at = excluded.seen_at,
         since = CASE WHEN old.heat = excluded.heat THEN old.since ELSE excluded.since END
   WHERE (old.heat, old.requests, old.seen_at) IS DISTINCT FROM (excluded.heat, excluded.requests, excluded.seen_at)
  RETURNING 1
)
SELECT ((SELECT count(*) FROM changed) + (SELECT count(*) FROM gone))::int AS done
