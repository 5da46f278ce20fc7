-- Purpose: what levels that stand are held against: the row of their limit, and its amount since they were told.
-- Guarantee: only columns that may be empty; no row is read or changed.
-- Parameters: none.

ALTER TABLE tollgate.alert_event ADD COLUMN limit_rule text, ADD COLUMN held_amount numeric(25, 3);
COMMENT ON COLUMN tollgate.alert_event.limit_rule IS 'limit_rule.id of the row that said the amount, by which a limit is known again when it is renamed.';
COMMENT ON COLUMN tollgate.alert_event.held_amount IS 'Of a level that stands on although its limit was changed: the limit it was last held against. NULL: amount.';
