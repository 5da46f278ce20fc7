-- Purpose: packs that can be given, by id.
-- Guarantee: reads only, 1,000 rows at most. Amounts without needless decimals, prices with two.
-- Parameters: $1 id of the only one wanted, or NULL.
SELECT id, limit_name, trim_scale(amount)::text AS amount, lasts, price::text, currency, note
  FROM tollgate.pack WHERE $1::text IS NULL OR id = $1 ORDER BY id LIMIT 1000
