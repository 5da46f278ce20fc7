-- Purpose: whether there is such an account, project or department.
-- Parameters: $1 account, project or department; $2 its id.
SELECT CASE $1::text WHEN 'account' THEN EXISTS (SELECT FROM tollgate.account WHERE id = $2::text)
                     WHEN 'project' THEN EXISTS (SELECT FROM tollgate.project WHERE id = $2::text)
                     ELSE EXISTS (SELECT FROM tollgate.department WHERE id = $2::text) END AS is_there
