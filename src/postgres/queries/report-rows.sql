-- Purpose: the rows of a report and their total, from `used`: what report-use-….sql found.
-- Guarantee: the first row is the total over everything; the rows are at most $9, those first that miss a name, then the dearest. Names that
--            policy does not have any more are NULL, and so is what was not asked for. Exact numbers as text.
-- Parameters: $1 labels, $2 prices, $3 sources, $4 first and $5 end instants and $6 signs of the pieces, each an array; $7 instants whose
--             prices hold, $8 keys of a row, $9 rows at most; $10 department, $11 project, $12 account, $13 surface, $14 model, $15 the same
--             as a package, normalised; of these NULL: any.
, costed AS (
  SELECT used.label, used.department, used.project, used.account, used.surface, used.resource, used.entries, used.not_yet_final, used.credits,
         used.bytes, used.gpu_ms, priced.currency, used.credits * priced.price AS money
    FROM used
    LEFT JOIN (SELECT s.place - 1 AS place, team.department, team.surface, (tollgate.credit_price_at(team.department, team.surface, s.at)).*
                 FROM stretch AS s CROSS JOIN (SELECT DISTINCT department, surface FROM used) AS team (department, surface)
                WHERE EXISTS (SELECT FROM tollgate.credit_price)
              ) AS priced (place, for_department, for_surface, id, department, surface, price, currency, starts_at, note)
      ON priced.place = used.price AND priced.for_department = used.department AND priced.for_surface = used.surface
), parts AS (
  SELECT CASE WHEN $8::text[] && ARRAY['day', 'month'] THEN label END AS label,
         CASE WHEN 'department' = ANY ($8) THEN d.id END AS department, CASE WHEN 'project' = ANY ($8) THEN p.id END AS project,
         CASE WHEN 'account' = ANY ($8) THEN a.id END AS account, CASE WHEN 'surface' = ANY ($8) THEN costed.surface END AS surface,
         CASE WHEN 'package' = ANY ($8) AND costed.surface = 'pypi' THEN nullif(resource, '') END AS package,
         CASE WHEN 'model' = ANY ($8) AND costed.surface = 'gpu' THEN nullif(resource, '') END AS model, currency,
         sum(entries) AS entries, sum(not_yet_final) AS not_yet_final, sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) AS gpu_ms,
         sum(money) AS money
    FROM costed
    LEFT JOIN tollgate.department AS d ON 'department' = ANY ($8) AND d.id = costed.department
    LEFT JOIN tollgate.project AS p ON 'project' = ANY ($8) AND p.id = costed.project
    LEFT JOIN tollgate.account AS a ON 'account' = ANY ($8) AND a.id = costed.account
   GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
), rows AS (
  SELECT label, department, project, account, surface, package, model, sum(entries) AS entries, sum(not_yet_final) AS not_yet_final,
         sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) AS gpu_ms,
         coalesce(jsonb_object_agg(currency, trim_scale(money)::text) FILTER (WHERE currency IS NOT NULL), '{}') AS money,
         coalesce(sum(credits) FILTER (WHERE currency IS NULL), 0) AS unpriced
    FROM parts
   GROUP BY 1, 2, 3, 4, 5, 6, 7
  HAVING sum(entries) <> 0 OR sum(not_yet_final) <> 0 OR sum(credits) <> 0 OR sum(bytes) <> 0 OR sum(gpu_ms) <> 0
), total AS (
  SELECT coalesce(sum(entries), 0) AS entries, coalesce(sum(not_yet_final), 0) AS not_yet_final, coalesce(sum(credits), 0) AS credits,
         coalesce(sum(bytes), 0) AS bytes, coalesce(sum(gpu_ms), 0) AS gpu_ms, coalesce(sum(credits) FILTER (WHERE currency IS NULL), 0) AS unpriced
    FROM parts
), money AS (
  SELECT coalesce(jsonb_object_agg(currency, amount), '{}') AS money
    FROM (SELECT currency, trim_scale(sum(money))::text AS amount FROM parts
           WHERE currency IS NOT NULL GROUP BY 1 HAVING sum(entries) <> 0 OR sum(money) <> 0) AS one
), listed AS (
  SELECT * FROM rows
   ORDER BY num_nulls(department, project, account, surface, package, model) DESC, credits DESC, entries DESC, label, department, project, account,
            surface, package, model
   LIMIT $9::integer
)
SELECT (SELECT count(*) FROM rows)::text AS count, NULL::integer AS label, NULL::text AS department, NULL::text AS project, NULL::text AS account, NULL::text AS surface,
       NULL::text AS package, NULL::text AS model, entries::text, not_yet_final::text, trim_scale(credits)::text AS credits,
       bytes::text, gpu_ms::text, money.money, trim_scale(unpriced)::text AS unpriced
  FROM total CROSS JOIN money
 UNION ALL
SELECT NULL, label, department, project, account, surface, package, model, entries::text, not_yet_final::text, trim_scale(credits)::text,
       bytes::text, gpu_ms::text, money, trim_scale(unpriced)::text
  FROM listed
