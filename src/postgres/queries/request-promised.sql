-- Purpose: what leads granted to the accounts of a project and is still running, of limits that count one quantity: the part of the budget
--          that is given away already, used or not.
-- Guarantee: reads only. What administrators and the operator granted is not counted.
-- Parameters: $1 project, $2 quantity.
SELECT trim_scale(coalesce(sum(given.amount), 0))::text AS promised
  FROM tollgate.grant AS given
  JOIN tollgate.quota_request AS request ON request.grant_id = given.id
  JOIN tollgate.account AS beneficiary ON beneficiary.id = given.account
  LEFT JOIN tollgate.account AS decider ON decider.id = request.decided_by
 WHERE beneficiary.project = $1 AND given.ends_at > now()
   AND request.decided_by IS NOT NULL AND decider.role IS DISTINCT FROM 'admin'
   AND EXISTS (SELECT FROM tollgate.limit_rule WHERE limit_rule.name = given.limit_name AND limit_rule.counts = $2)
