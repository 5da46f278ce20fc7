-- Purpose: keep a request as it is until the transaction ends; whoever else decides or withdraws it waits.
-- Guarantee: changes nothing. One row if there is such a request.
-- Parameters: $1 id.
SELECT id, asked_by, account FROM tollgate.quota_request WHERE id = $1 FOR NO KEY UPDATE
