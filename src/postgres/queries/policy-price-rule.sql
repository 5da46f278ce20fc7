-- Purpose: rows of tollgate.price_rule, each with its tiers, as the policy room reads them. Credits are decimal text.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, surface, kind, package_pattern, heat, base_credits::text, charged, assumed_bytes::float8, tiers
FROM (
  SELECT p.*,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('from_bytes', t.from_bytes, 'credits_per_mb', t.credits_per_mb::text) ORDER BY t.from_bytes), '[]')
     FROM tollgate.price_tier t WHERE t.price = p.id) AS tiers
  FROM tollgate.price_rule p WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT p.*, d.row_values -> 'tiers'
  FROM jsonb_array_elements($2::jsonb) d (row_values), jsonb_populate_record(NULL::tollgate.price_rule, d.row_values) p
) r
