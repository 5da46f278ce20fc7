-- Purpose: what levels that stand are held against: the row of their limit, and its amount since they were told.
-- Guarantee: only columns that may be empty, and a comment; no row is read or changed.
-- Parameters: none.

ALTER TABLE tollgate.alert_event ADD COLUMN limit_rule text, ADD COLUMN held_amount numeric(25, 3);
COMMENT ON COLUMN tollgate.alert_event.limit_rule IS 'limit_rule.id of the row that said the amount, by which a limit is known again when it is renamed.';
COMMENT ON COLUMN tollgate.alert_event.held_amount IS 'Of a level that stands on although its limit was changed: the limit it was last held against. NULL: amount.';
COMMENT ON COLUMN tollgate.limit_rule.per IS 'Who has a counter of their own: each account, project, department, token or address, or everyone together. Alerts of a shared counter need a row that applies to all who share it: one per project for a plan is enforced, and nobody is told of its levels.';
