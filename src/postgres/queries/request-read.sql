-- Purpose: one request, with the projects of who asked and of whom it is for, as they are now.
-- Guarantee: at most one row.
-- Parameters: $1 id.
SELECT request.id, request.asked_by, request.limit_name, request.account, request.project, request.department,
       trim_scale(request.amount)::text AS amount,
       (SELECT min(counts) FROM tollgate.limit_rule WHERE name = request.limit_name) AS counts, request.ends_at, request.reason, request.state, request.asked_at, request.decided_by,
       request.decided_at, request.decision_note, request.grant_id,
       trim_scale(given.amount)::text AS granted_amount, given.ends_at AS granted_until,
       coalesce(request.project, beneficiary.project) AS its_project, asker.project AS askers_project, now() AS now
  FROM tollgate.quota_request AS request
  JOIN tollgate.account AS asker ON asker.id = request.asked_by
  LEFT JOIN tollgate.account AS beneficiary ON beneficiary.id = request.account
  LEFT JOIN tollgate.grant AS given ON given.id = request.grant_id
 WHERE request.id = $1
