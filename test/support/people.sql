-- Purpose: the smallest organisation that tests of tokens need: alice of plan free (7 days), bob of plan long (30), carol disabled.
-- Guarantee: only rows of tollgate.plan, department, project and account.
-- Parameters: none.
INSERT INTO tollgate.plan (id, token_days_max) VALUES ('free', 7), ('long', 30);
INSERT INTO tollgate.department (id) VALUES ('research');
INSERT INTO tollgate.project (id, department) VALUES ('vision', 'research'), ('speech', 'research');
INSERT INTO tollgate.account (id, project, plan, disabled) VALUES
  ('alice', 'vision', 'free', false), ('bob', 'speech', 'long', false), ('carol', 'vision', 'free', true);
