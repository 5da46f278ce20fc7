-- Purpose: the rows of a report and their total, from `used`: what report-use-….sql found.
-- Guarantee: the first row is the total over everything; the rows are at most $9, those first that miss a name, then the dearest. Names that
--            policy does not have any more are NULL, and so is what was not asked for. Exact numbers as text; money in the order of $16.
-- Parameters: $1 labels, $2 prices, $3 sources, $4 first and $5 end instants and $6 signs of the pieces, each an array; $7 instants whose
--             prices hold, $8 keys of a row, $9 rows at most; $10 department, $11 project, $12 account, $13 surface, $14 model, $15 the same
--             as a package, normalised, of these NULL: any; $16 at most four currencies.
, rows AS (
  SELECT CASE WHEN $8::text[] && ARRAY['day', 'month'] THEN used.label END AS label,
         CASE WHEN 'department' = ANY ($8) THEN d.id END AS department, CASE WHEN 'project' = ANY ($8) THEN p.id END AS project,
         CASE WHEN 'account' = ANY ($8) THEN a.id END AS account, CASE WHEN 'surface' = ANY ($8) THEN used.surface END AS surface,
         CASE WHEN 'package' = ANY ($8) AND used.surface = 'pypi' THEN nullif(used.resource, '') END AS package,
         CASE WHEN 'model' = ANY ($8) AND used.surface = 'gpu' THEN nullif(used.resource, '') END AS model,
         sum(used.entries) AS entries, sum(used.not_yet_final) AS not_yet_final, sum(used.credits) AS credits, sum(used.bytes) AS bytes,
         sum(used.gpu_ms) AS gpu_ms, sum(used.credits) FILTER (WHERE priced.currency IS NOT NULL) AS credits_priced,
         sum(used.credits * priced.price) FILTER (WHERE priced.currency = 1) AS money_1,
         sum(used.credits * priced.price) FILTER (WHERE priced.currency = 2) AS money_2,
         sum(used.credits * priced.price) FILTER (WHERE priced.currency = 3) AS money_3,
         sum(used.credits * priced.price) FILTER (WHERE priced.currency = 4) AS money_4
    FROM used
    LEFT JOIN priced ON priced.place = used.price AND priced.department = used.department AND priced.surface = used.surface
    LEFT JOIN tollgate.department AS d ON 'department' = ANY ($8) AND d.id = used.department
    LEFT JOIN tollgate.project AS p ON 'project' = ANY ($8) AND p.id = used.project
    LEFT JOIN tollgate.account AS a ON 'account' = ANY ($8) AND a.id = used.account
   GROUP BY 1, 2, 3, 4, 5, 6, 7
  HAVING sum(used.entries) <> 0 OR sum(used.not_yet_final) <> 0 OR sum(used.credits) <> 0 OR sum(used.bytes) <> 0 OR sum(used.gpu_ms) <> 0
), told AS (
  SELECT count(*) AS count, NULL::integer AS label, NULL::text AS department, NULL::text AS project, NULL::text AS account, NULL::text AS surface,
         NULL::text AS package, NULL::text AS model, sum(entries) AS entries, sum(not_yet_final) AS not_yet_final, sum(credits) AS credits,
         sum(bytes) AS bytes, sum(gpu_ms) AS gpu_ms, sum(credits_priced) AS credits_priced,
         sum(money_1) AS money_1, sum(money_2) AS money_2, sum(money_3) AS money_3, sum(money_4) AS money_4
    FROM rows
   UNION ALL
  (SELECT NULL, * FROM rows
    ORDER BY num_nulls(department, project, account, surface, package, model) DESC, credits DESC, entries DESC, label, department, project, account,
             surface, package, model
    LIMIT $9::integer)
)
SELECT count::integer, label, department, project, account, surface, package, model, coalesce(entries, 0)::text AS entries,
       coalesce(not_yet_final, 0)::text AS not_yet_final, coalesce(trim_scale(credits), 0)::text AS credits, coalesce(bytes, 0)::text AS bytes,
       coalesce(gpu_ms, 0)::text AS gpu_ms, coalesce(trim_scale(credits - coalesce(credits_priced, 0)), 0)::text AS unpriced,
       ARRAY[trim_scale(money_1)::text, trim_scale(money_2)::text, trim_scale(money_3)::text, trim_scale(money_4)::text] AS money
  FROM told
 ORDER BY count IS NULL
