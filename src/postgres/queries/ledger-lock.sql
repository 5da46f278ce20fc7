-- Purpose: lock one partition's checkpoint and say where it stands; the first statement of a drain.
-- Guarantee: at most one row, held until the transaction ends; whoever comes second waits, then sees what the first one committed. No row:
--            the partition was never read, and ledger-add.sql comes before asking again.
-- Parameters: $1 partition.
SELECT epoch, position FROM tollgate.ledger_checkpoint WHERE partition = $1 FOR UPDATE
