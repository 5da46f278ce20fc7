-- Purpose: whose counters the doctor looks at when one account is asked for: its own, its project's and its department's.
-- Guarantee: looks only.
-- Parameters: $1 the account.
SELECT subject.kind AS subject_kind, subject.id AS subject_id, subject.partition
  FROM tollgate.account AS account
  JOIN tollgate.project AS project ON project.id = account.project
  JOIN tollgate.department AS department ON department.id = project.department
 CROSS JOIN LATERAL (VALUES ('account', account.id::text, account.partition), ('project', project.id::text, project.partition),
                            ('department', department.id::text, department.partition)) AS subject (kind, id, partition)
 WHERE account.id = $1
