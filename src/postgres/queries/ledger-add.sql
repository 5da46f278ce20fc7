-- Purpose: give a partition that was never read its checkpoint row, empty.
-- Guarantee: of two that add it at once the second waits for the first one's commit and adds nothing.
-- Parameters: $1 partition.
INSERT INTO tollgate.ledger_checkpoint (partition) VALUES ($1) ON CONFLICT (partition) DO NOTHING
