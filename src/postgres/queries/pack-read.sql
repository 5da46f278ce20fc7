-- Purpose: packs as they stand, with what they were last found to have paid.
-- Guarantee: reads only, under the locks of pack-lock.sql. Amounts in the quantity's code unit, times in epoch milliseconds, rounded up as
--            the policy reads them.
-- Parameters: $1 ids of grants, $2 the quantity.
WITH unit AS (SELECT CASE $2 WHEN 'credits' THEN 1000 ELSE 1 END AS per_one)
SELECT pack.id, trunc(pack.amount * per_one)::float8 AS amount, trunc(pack.spent * per_one)::float8 AS spent,
       ceil(extract(epoch FROM pack.starts_at) * 1000)::float8 AS start_ms, ceil(extract(epoch FROM pack.ends_at) * 1000)::float8 AS end_ms,
       (extract(epoch FROM settled.final_until) * 1000)::float8 AS final_until_ms,
       (extract(epoch FROM settled.settled_to) * 1000)::float8 AS settled_to_ms,
       coalesce((
         SELECT jsonb_agg(jsonb_build_object('startMs', (extract(epoch FROM window_start) * 1000)::int8,
                                             'endMs', (extract(epoch FROM window_end) * 1000)::int8, 'paid', trunc(paid * per_one)))
           FROM tollgate.pack_payment WHERE grant_id = pack.id AND window_end > now() - interval '100 days'), '[]') AS paid
  FROM tollgate.grant AS pack CROSS JOIN unit LEFT JOIN tollgate.pack_settled AS settled ON settled.grant_id = pack.id
 WHERE pack.id = ANY ($1) AND pack.kind = 'pack'
