-- Purpose: what is doubtful in the entries of today and yesterday.
-- Guarantee: looks only. An id is booked once as home; more is a defect. Costs a pass over two days.
-- Parameters: none.
WITH recent AS (
  SELECT id, mint_day, is_home, unsettled, state FROM tollgate.usage_entry WHERE mint_day >= (now() AT TIME ZONE 'UTC')::date - 1
)
SELECT (SELECT count(*) FROM recent WHERE unsettled AND state = 'open' AND is_home)::float8 AS unsettled,
       ARRAY(SELECT id FROM recent WHERE is_home GROUP BY mint_day, id HAVING count(*) > 1 LIMIT 10) AS doubled
