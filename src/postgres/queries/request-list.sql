-- Purpose: a page of requests, the newest first.
-- Guarantee: reads only; each row at most once over all pages.
-- Parameters: NULL counts for all: $1 state, $2 project, $3 account, $4 account that looks and $5 project it answers for, $6 id of the row
--             before the page; $7 rows at most.
SELECT request.id, request.asked_by, request.limit_name, request.account, request.project, request.department,
       trim_scale(request.amount)::text AS amount, request.ends_at, request.reason, request.state, request.asked_at, request.decided_by,
       request.decided_at, request.decision_note, request.grant_id,
       trim_scale(given.amount)::text AS granted_amount, given.ends_at AS granted_until
  FROM tollgate.quota_request AS request
  JOIN tollgate.account AS asker ON asker.id = request.asked_by
  LEFT JOIN tollgate.account AS beneficiary ON beneficiary.id = request.account
  LEFT JOIN tollgate.grant AS given ON given.id = request.grant_id
 WHERE ($1::text IS NULL OR request.state = $1)
   AND ($2::text IS NULL OR $2 IN (request.project, beneficiary.project, asker.project))
   AND ($3::text IS NULL OR $3 IN (request.asked_by, request.account))
   AND ($4::text IS NULL OR $4 IN (request.asked_by, request.account)
        OR $5::text IN (request.project, beneficiary.project, asker.project))
   AND ($6::text IS NULL OR (request.asked_at, request.id) < (SELECT asked_at, id FROM tollgate.quota_request WHERE id = $6))
 ORDER BY request.asked_at DESC, request.id DESC
 LIMIT $7
