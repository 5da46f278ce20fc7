-- Purpose: rows of tollgate.price_rule, each with its tiers, as the policy room reads them. Credits are decimal text.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all.
SELECT id, surface, kind, package_pattern, base_credits::text, charged, assumed_bytes::float8,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('from_bytes', t.from_bytes, 'credits_per_mb', t.credits_per_mb::text) ORDER BY t.from_bytes), '[]')
   FROM tollgate.price_tier t WHERE t.price = p.id) AS tiers
FROM tollgate.price_rule p
WHERE $1::text[] IS NULL OR id = ANY ($1::text[])
