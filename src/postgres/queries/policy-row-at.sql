-- Purpose: rows of one table as they were at a version, by the change log; a price with its tiers. In the shape of the table, without note.
-- Guarantee: one line per wanted row, in their order; row_values NULL: it was not there. A row whose beginning nobody recorded is what its
--            first recorded change says it was.
-- Parameters: $1 table, $2 ids, $3 versions, side by side.
SELECT w.key, w.version::text, CASE WHEN $1 = 'price_rule' THEN m.row_values || jsonb_build_object('tiers', t.tiers) ELSE m.row_values END
  - 'note' AS row_values
FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY w (key, version, place)
-- Changes of one row are numbered in the order of their commits, because the second waits for the first.
LEFT JOIN LATERAL (
  SELECT true AS is_known, h.new AS row_values
  FROM tollgate.policy_change h JOIN tollgate.policy_commit c ON c.id = h.commit
  WHERE h.table_name = $1 AND h.key = w.key AND c.version <= w.version
  ORDER BY h.id DESC LIMIT 1
) past ON true
LEFT JOIN LATERAL (
  SELECT h.old AS row_values FROM tollgate.policy_change h
  WHERE past.is_known IS NULL AND h.table_name = $1 AND h.key = w.key
  ORDER BY h.id LIMIT 1
) first ON true
CROSS JOIN LATERAL (
  SELECT CASE WHEN past.is_known THEN past.row_values ELSE first.row_values END AS row_values
) m
LEFT JOIN LATERAL (
  SELECT coalesce(jsonb_agg(
    jsonb_build_object('from_bytes', r.tier -> 'from_bytes', 'credits_per_mb', r.tier ->> 'credits_per_mb')
    ORDER BY (r.tier ->> 'from_bytes')::bigint), '[]') AS tiers
  FROM (
    SELECT DISTINCT ON (coalesce(h.new, h.old) ->> 'from_bytes') CASE WHEN c.version <= w.version THEN h.new ELSE h.old END AS tier
    FROM tollgate.policy_change h JOIN tollgate.policy_commit c ON c.id = h.commit
    WHERE $1 = 'price_rule' AND h.table_name = 'price_tier' AND h.key = w.key
    ORDER BY coalesce(h.new, h.old) ->> 'from_bytes', c.version <= w.version DESC,
      CASE WHEN c.version <= w.version THEN -h.id ELSE h.id END
  ) r WHERE r.tier IS NOT NULL
) t ON true
ORDER BY w.place
