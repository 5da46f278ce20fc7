-- Purpose: move one partition's checkpoint to where the batch ended; the last statement of a drain.
-- Guarantee: in the same transaction as the merge, so that no entry is passed over. A checkpoint that stands there already is not written.
-- Parameters: $1 partition, $2 epoch, $3 position.
UPDATE tollgate.ledger_checkpoint
   SET epoch = $2, position = $3, moved_at = now()
 WHERE partition = $1 AND (epoch, position) IS DISTINCT FROM ($2::text, $3::text)
