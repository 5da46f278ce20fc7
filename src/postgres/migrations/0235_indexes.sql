-- Purpose: indexes of foreign keys that had none.
-- Guarantee: only indexes; no row is read or changed.
-- Parameters: none.

CREATE INDEX limit_rule_project ON tollgate.limit_rule (applies_to_project);
CREATE INDEX limit_rule_department ON tollgate.limit_rule (applies_to_department);
CREATE INDEX limit_rule_plan ON tollgate.limit_rule (applies_to_plan);
CREATE INDEX access_rule_account ON tollgate.access_rule (account);
