-- Purpose: the last call of tollgate.restored().
-- Guarantee: looks only. No row: it was never called.
-- Parameters: none.
SELECT (extract(epoch FROM at) * 1000)::float8 AS at_ms, new_history AS history FROM tollgate.restoration ORDER BY id DESC LIMIT 1
