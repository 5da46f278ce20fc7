-- Purpose: grants, those that began last first: one by its id, or a page.
-- Guarantee: reads only; each row at most once over all pages.
-- Parameters: NULL counts for all: $1 id, $2 state, $3 project, $4 account, $5 account that looks and $6 project it answers for, $7 id of the
--             row before the page; $8 rows at most.
SELECT given.id, given.kind, given.limit_name, given.account, given.project, given.department, trim_scale(given.amount)::text AS amount,
       trim_scale(given.spent)::text AS spent, given.starts_at, given.ends_at, given.note,
       CASE WHEN given.ends_at <= now() THEN 'ended' WHEN given.starts_at > now() THEN 'coming' ELSE 'running' END AS state
  FROM tollgate.grant AS given
  LEFT JOIN tollgate.account AS beneficiary ON beneficiary.id = given.account
 WHERE ($1::text IS NULL OR given.id = $1)
   AND ($2::text IS NULL OR $2 = CASE WHEN given.ends_at <= now() THEN 'ended' WHEN given.starts_at > now() THEN 'coming' ELSE 'running' END)
   AND ($3::text IS NULL OR $3 IN (given.project, beneficiary.project))
   AND ($4::text IS NULL OR EXISTS (
         SELECT FROM tollgate.account JOIN tollgate.project ON project.id = account.project
          WHERE account.id = $4 AND (given.account = account.id OR given.project = project.id OR given.department = project.department)))
   AND ($5::text IS NULL OR $6::text = beneficiary.project OR EXISTS (
         SELECT FROM tollgate.account JOIN tollgate.project ON project.id = account.project
          WHERE account.id = $5 AND (given.account = account.id OR given.project = project.id OR given.department = project.department)))
   AND ($7::text IS NULL OR (given.starts_at, given.id) < (SELECT starts_at, id FROM tollgate.grant WHERE id = $7))
 ORDER BY given.starts_at DESC, given.id DESC
 LIMIT $8
