-- Purpose: what the telling of alerts knows beside events and channels, and what its columns say.
-- Guarantee: no row that is there is changed.
-- Parameters: none.

CREATE TABLE tollgate.ledger_progress (
  only_row boolean NOT NULL DEFAULT true CONSTRAINT ledger_progress_only_row_pk PRIMARY KEY,
  caught_up_at timestamptz NOT NULL,
  CONSTRAINT ledger_progress_has_one_row CHECK (only_row)
);
COMMENT ON TABLE tollgate.ledger_progress IS 'Until when all charges are in the books, so that every process can tell when no ledger keeps up. One row at most.';
COMMENT ON COLUMN tollgate.ledger_progress.only_row IS 'Always true: there is one row.';
COMMENT ON COLUMN tollgate.ledger_progress.caught_up_at IS 'When a ledger last had read everything; written every few seconds by those that do.';

COMMENT ON COLUMN tollgate.alert_channel.percent_min IS 'Of level events only those from this percentage on, and of recovered those of such levels.';
COMMENT ON COLUMN tollgate.alert_target_pace.target IS 'A keyed digest of the address that alert_channel.target names, lower-case hex: the same for every channel that leads there, whether its row has it plain, sealed or by reference.';
