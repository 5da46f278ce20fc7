-- Purpose: make sure that the books of one partition stand as this transaction's snapshot saw them, until it commits.
-- Guarantee: in a REPEATABLE READ transaction it fails at once (lock not available, serialization failure) if a drain is under way or has
--            committed since the snapshot; it waits for no one, and other holders may share. No row: the partition was never read.
-- Parameters: $1 partition.
SELECT partition FROM tollgate.ledger_checkpoint WHERE partition = $1 FOR SHARE NOWAIT
