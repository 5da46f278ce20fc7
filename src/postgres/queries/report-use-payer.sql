-- Purpose: use by account, for report-rows.sql: from the sums by payer.
-- Guarantee: what usage_hour holds in the pieces, at one instant: the sums, and the differences that are not in them yet.
-- Parameters: $1 labels, $2 prices, $3 sources, $4 first and $5 end instants and $6 signs of the pieces, each an array; $7 instants whose
--             prices hold, $8 keys of a row, $9 rows at most; $10 department, $11 project, $12 account, $13 surface, $14 model, $15 the same
--             as a package, normalised, of these NULL: any; $16 at most four currencies.
part AS NOT MATERIALIZED (
  SELECT piece.label, piece.price, piece.sign, piece.is_long, f.payer, f.entries, f.not_yet_final, f.credits, f.bytes, f.gpu_ms
    FROM piece CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_payer_month AS f
          WHERE piece.source = 'month' AND f.start_at >= piece.since AND f.start_at < piece.until OFFSET 0) AS f
   UNION ALL
  SELECT piece.label, piece.price, piece.sign, piece.is_long, f.payer, f.entries, f.not_yet_final, f.credits, f.bytes, f.gpu_ms
    FROM piece CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_payer_day AS f
          WHERE piece.source = 'day' AND f.start_at >= piece.since AND f.start_at < piece.until OFFSET 0) AS f
   UNION ALL
  SELECT piece.label, piece.price, piece.sign, piece.is_long, f.payer, f.entries, f.not_yet_final, f.credits, f.bytes, f.gpu_ms
    FROM piece CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_payer_hour AS f
          WHERE piece.source = 'hour' AND f.start_at >= piece.since AND f.start_at < piece.until OFFSET 0) AS f
), used (label, price, department, project, account, surface, resource, entries, not_yet_final, credits, bytes, gpu_ms) AS (
  SELECT s.label, s.price, t.department, t.project, p.account, t.surface, NULL::text, s.entries, s.not_yet_final, s.credits, s.bytes, s.gpu_ms
    FROM (SELECT label, price, payer, sum(CASE sign WHEN 1 THEN entries ELSE -entries END) AS entries, sum(CASE sign WHEN 1 THEN not_yet_final ELSE -not_yet_final END) AS not_yet_final,
                 sum(CASE sign WHEN 1 THEN credits ELSE -credits END) AS credits,
                 sum(CASE sign WHEN 1 THEN bytes ELSE -bytes END) AS bytes, sum(CASE sign WHEN 1 THEN gpu_ms ELSE -gpu_ms END) AS gpu_ms
            FROM part WHERE is_long GROUP BY label, price, payer
           UNION ALL
          SELECT label, price, payer, CASE sign WHEN 1 THEN entries ELSE -entries END, CASE sign WHEN 1 THEN not_yet_final ELSE -not_yet_final END,
                 CASE sign WHEN 1 THEN credits ELSE -credits END, CASE sign WHEN 1 THEN bytes ELSE -bytes END, CASE sign WHEN 1 THEN gpu_ms ELSE -gpu_ms END
            FROM part WHERE NOT is_long) AS s
    JOIN tollgate.usage_payer AS p ON p.id = s.payer JOIN tollgate.usage_team AS t ON t.id = p.team
   WHERE ($10::text IS NULL OR t.department = $10) AND ($11::text IS NULL OR t.project = $11) AND ($13::text IS NULL OR t.surface = $13) AND ($12::text IS NULL OR p.account = $12)
   UNION ALL
  SELECT piece.label, piece.price, m.department, m.project, m.account, m.surface, NULL, sum(piece.sign * m.entries),
         sum(piece.sign * m.not_yet_final), sum(piece.sign * m.credits), sum(piece.sign * m.bytes), sum(piece.sign * m.gpu_ms)
    FROM piece JOIN tollgate.usage_moved AS m ON m.hour >= piece.since AND m.hour < piece.until
   WHERE ($10::text IS NULL OR m.department = $10) AND ($11::text IS NULL OR m.project = $11) AND ($12::text IS NULL OR m.account = $12)
     AND ($13::text IS NULL OR m.surface = $13) AND ($14::text IS NULL OR m.resource = CASE m.surface WHEN 'pypi' THEN $15::text ELSE $14 END)
   GROUP BY 1, 2, 3, 4, 5, 6, 7
)
