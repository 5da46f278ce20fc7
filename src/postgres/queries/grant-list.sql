-- Purpose: grants, those that began last first: one by its id, or a page.
-- Guarantee: reads only; each row at most once over all pages.
-- Parameters: NULL counts for all: $1 id, $2 state, $3 project, $4 account, $5 account that looks and $6 project it answers for, $7 instant in
--             microseconds since 1970 and $8 id of the row before the page; $9 rows at most.
SELECT given.id, given.kind, given.limit_name, given.account, given.project, given.department, trim_scale(given.amount)::text AS amount,
       (SELECT min(counts) FROM tollgate.limit_rule WHERE name = given.limit_name) AS counts, trim_scale(given.spent)::text AS spent, given.starts_at, given.ends_at, given.note,
       CASE WHEN given.ends_at <= now() THEN 'ended' WHEN given.starts_at > now() THEN 'coming' ELSE 'running' END AS state,
       (extract(epoch FROM given.starts_at) * 1000000)::bigint::text AS at_micros
  FROM tollgate.grant AS given
 WHERE ($1::text IS NULL OR given.id = $1)
   AND ($2::text IS NULL OR $2 = CASE WHEN given.ends_at <= now() THEN 'ended' WHEN given.starts_at > now() THEN 'coming' ELSE 'running' END)
   -- Places and arrays are looked up once, and the grants by index.
   AND ($3::text IS NULL OR given.project = $3
        OR given.account = ANY (ARRAY (SELECT id FROM tollgate.account WHERE project = $3)::text[]))
   AND ($4::text IS NULL OR given.account = $4
        OR given.project = (SELECT project FROM tollgate.account WHERE id = $4)
        OR given.department = (SELECT department FROM tollgate.project WHERE id = (SELECT project FROM tollgate.account WHERE id = $4)))
   AND ($5::text IS NULL OR given.account = $5
        OR given.account = ANY (ARRAY (SELECT id FROM tollgate.account WHERE project = $6::text)::text[])
        OR given.project = (SELECT project FROM tollgate.account WHERE id = $5)
        OR given.department = (SELECT department FROM tollgate.project WHERE id = (SELECT project FROM tollgate.account WHERE id = $5)))
   AND ($7::bigint IS NULL OR (given.starts_at, given.id) < (timestamptz 'epoch' + $7::bigint * interval '1 microsecond', $8::text))
 ORDER BY given.starts_at DESC, given.id DESC
 LIMIT $9
