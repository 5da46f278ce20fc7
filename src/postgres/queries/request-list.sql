-- Purpose: a page of requests, the newest first.
-- Guarantee: reads only; each row at most once over all pages.
-- Parameters: NULL counts for all: $1 state, $2 project, $3 account, $4 account that looks and $5 project it answers for, $6 instant in
--             microseconds since 1970 and $7 id of the row before the page; $8 rows at most.
SELECT request.id, request.asked_by, request.limit_name, request.account, request.project, request.department,
       trim_scale(request.amount)::text AS amount,
       (SELECT min(counts) FROM tollgate.limit_rule WHERE name = request.limit_name) AS counts, request.ends_at, request.reason, request.state, request.asked_at, request.decided_by,
       request.decided_at, request.decision_note, request.grant_id,
       trim_scale(given.amount)::text AS granted_amount, given.ends_at AS granted_until,
       (extract(epoch FROM request.asked_at) * 1000000)::bigint::text AS at_micros
  FROM tollgate.quota_request AS request
  LEFT JOIN tollgate.grant AS given ON given.id = request.grant_id
 WHERE ($1::text IS NULL OR request.state = $1)
   -- Arrays are made once, and looked up by index.
   AND ($2::text IS NULL OR request.project = $2
        OR request.account = ANY (ARRAY (SELECT id FROM tollgate.account WHERE project = $2)::text[])
        OR request.asked_by = ANY (ARRAY (SELECT id FROM tollgate.account WHERE project = $2)::text[]))
   AND ($3::text IS NULL OR request.asked_by = $3 OR request.account = $3)
   AND ($4::text IS NULL OR request.asked_by = $4 OR request.account = $4 OR request.project = $5::text
        OR request.account = ANY (ARRAY (SELECT id FROM tollgate.account WHERE project = $5)::text[])
        OR request.asked_by = ANY (ARRAY (SELECT id FROM tollgate.account WHERE project = $5)::text[]))
   AND ($6::bigint IS NULL OR (request.asked_at, request.id) < (timestamptz 'epoch' + $6::bigint * interval '1 microsecond', $7::text))
 ORDER BY request.asked_at DESC, request.id DESC
 LIMIT $8
