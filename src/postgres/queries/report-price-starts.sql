-- Purpose: when prices begin inside a report's range: there it is cut, so that one price holds in each stretch.
-- Guarantee: each instant once, in order, at most $5.
-- Parameters: $1 from, $2 to before, $3 department, $4 surface; NULL: any; $5 instants at most.
SELECT DISTINCT starts_at FROM tollgate.credit_price
 WHERE starts_at > $1::timestamptz AND starts_at < $2::timestamptz
   AND (department IS NULL OR $3::text IS NULL OR department = $3) AND (surface IS NULL OR $4::text IS NULL OR surface = $4)
 ORDER BY 1 LIMIT $5::integer
