-- Purpose: what a report reads, and which price holds when: the head of every report; report-use-….sql and report-rows.sql follow.
-- Guarantee: of the rows of credit_price one at most for each department, surface and stretch of time, as credit_price_at() says.
-- Parameters: $1 labels, $2 prices, $3 sources, $4 first and $5 end instants and $6 signs of the pieces, each an array; $7 instants whose
--             prices hold, $8 keys of a row, $9 rows at most; $10 department, $11 project, $12 account, $13 surface, $14 model, $15 the same
--             as a package, normalised, of these NULL: any; $16 at most four currencies.
WITH piece AS (
  SELECT *, until - since > CASE source WHEN 'month' THEN interval '31 days' WHEN 'day' THEN interval '1 day' ELSE interval '1 hour' END AS is_long
    FROM unnest($1::integer[], $2::integer[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::integer[])
      AS p (label, price, source, since, until, sign)
), priced AS MATERIALIZED (
  SELECT stretch.place - 1 AS place, team.department, team.surface, held.price, array_position($16::text[], held.currency) AS currency
    FROM unnest($7::timestamptz[]) WITH ORDINALITY AS stretch (at, place)
   CROSS JOIN (SELECT department, surface FROM tollgate.usage_team UNION SELECT department, surface FROM tollgate.usage_moved) AS team
   CROSS JOIN LATERAL tollgate.credit_price_at(team.department, team.surface, stretch.at) AS held
   WHERE cardinality($16) > 0
)
