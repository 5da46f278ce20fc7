-- Purpose: single requests as they are booked, the latest first.
-- Guarantee: every request once, its home row. Reads only the days of the range and their neighbours: the day an id was made is within a day of
--            the spend, or 1970-01-01 where the id does not tell.
-- Parameters: $1 from, $2 to before, $3 rows at most, $4 account, $5 project, $6 department, $7 model, $8 token, $9 the same resource as a
--             package, normalised; NULL: any.
SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at, id, account, project, department, token, address, upstream, surface, kind,
       resource, file, outcome, state, unsettled, trim_scale(credits)::text AS credits, bytes::text, gpu_ms::text
  FROM tollgate.usage_entry
 WHERE is_home AND at >= $1::timestamptz AND at < $2::timestamptz
   AND (mint_day BETWEEN ($1::timestamptz AT TIME ZONE 'UTC')::date - 1 AND ($2::timestamptz AT TIME ZONE 'UTC')::date + 1 OR mint_day = '1970-01-01')
   AND ($4::text IS NULL OR account = $4) AND ($5::text IS NULL OR project = $5) AND ($6::text IS NULL OR department = $6)
   AND ($7::text IS NULL OR resource = CASE surface WHEN 'pypi' THEN $9::text ELSE $7 END) AND ($8::text IS NULL OR token = $8)
 ORDER BY usage_entry.at DESC, id LIMIT $3
