-- Purpose: rows of tollgate.grant as the policy room reads them. Amounts are decimal text in the unit of SQL; times are epoch milliseconds,
--          rounded up, so that a grant neither begins nor ends too early. Rows written before there were packs have spent nothing.
-- Guarantee: reads only.
-- Parameters: $1 ids of the wanted rows, NULL for all; $2 rows of the change log to read in their place, as a JSON array, or NULL.
SELECT id, kind, limit_name, account, project, department, amount::text, coalesce(spent, 0)::text AS spent,
  ceil(extract(epoch FROM starts_at) * 1000)::float8 AS starts_at_ms,
  ceil(extract(epoch FROM ends_at) * 1000)::float8 AS ends_at_ms
FROM (
  SELECT * FROM tollgate.grant WHERE $2::jsonb IS NULL AND ($1::text[] IS NULL OR id = ANY ($1::text[]))
  UNION ALL
  SELECT * FROM jsonb_populate_recordset(NULL::tollgate.grant, $2::jsonb)
) r
