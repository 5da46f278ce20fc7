-- Purpose: how many milliseconds ago a ledger had read everything.
-- Guarantee: reads one row; none: no ledger ever had.
-- Parameters: none.
SELECT (extract(epoch FROM now() - caught_up_at) * 1000)::float8 AS ms_ago FROM tollgate.ledger_progress
