-- Purpose: use by resource together with account or project, for report-rows.sql: from usage_hour alone, so for few accounts or few hours.
-- Guarantee: what usage_hour holds in the pieces, at one instant.
-- Parameters: $1 labels, $2 prices, $3 sources, $4 first and $5 end instants and $6 signs of the pieces, each an array; $7 instants whose
--             prices hold, $8 keys of a row, $9 rows at most; $10 department, $11 project, $12 account, $13 surface, $14 model, $15 the same
--             as a package, normalised, of these NULL: any; $16 at most four currencies.
member AS (
  -- Whoever was ever charged in the project: their rows are found by the index of accounts.
  SELECT p.account AS name FROM tollgate.usage_payer AS p JOIN tollgate.usage_team AS t ON t.id = p.team WHERE t.project = $11::text
   UNION
  SELECT m.account FROM tollgate.usage_moved AS m WHERE m.project = $11::text
), used (label, price, department, project, account, surface, resource, entries, not_yet_final, credits, bytes, gpu_ms) AS (
  SELECT piece.label, piece.price, h.department, h.project, h.account, h.surface, h.resource,
         CASE piece.sign WHEN 1 THEN h.entries ELSE -h.entries END, CASE piece.sign WHEN 1 THEN h.not_yet_final ELSE -h.not_yet_final END,
         CASE piece.sign WHEN 1 THEN h.credits ELSE -h.credits END, CASE piece.sign WHEN 1 THEN h.bytes ELSE -h.bytes END,
         CASE piece.sign WHEN 1 THEN h.gpu_ms ELSE -h.gpu_ms END
    FROM (SELECT label, price, since, until, sign FROM piece WHERE source = 'hour') AS piece
   CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_hour AS h
          WHERE h.hour >= piece.since AND h.hour < piece.until
            AND ($10::text IS NULL OR h.department = $10) AND ($11::text IS NULL OR h.project = $11 AND h.account = ANY (ARRAY(SELECT name FROM member)))
            AND ($12::text IS NULL OR h.account = $12) AND ($13::text IS NULL OR h.surface = $13)
            AND ($14::text IS NULL OR h.resource = CASE h.surface WHEN 'pypi' THEN $15::text ELSE $14 END)
         OFFSET 0) AS h
)
