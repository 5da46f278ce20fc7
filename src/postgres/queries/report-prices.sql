-- Purpose: when prices begin inside a report's range, where it is cut so that one price holds in each stretch; and in which currencies.
-- Guarantee: each instant once, in order, at most $5; each currency once, at most five.
-- Parameters: $1 from, $2 to before, $3 department, $4 surface; NULL: any; $5 instants at most.
WITH price AS (
  SELECT starts_at, currency FROM tollgate.credit_price
   WHERE starts_at < $2::timestamptz AND (department IS NULL OR $3::text IS NULL OR department = $3) AND (surface IS NULL OR $4::text IS NULL OR surface = $4)
)
SELECT ARRAY(SELECT DISTINCT starts_at FROM price WHERE starts_at > $1::timestamptz ORDER BY 1 LIMIT $5::integer) AS starts,
       ARRAY(SELECT DISTINCT currency FROM price ORDER BY 1 LIMIT 5) AS currencies
