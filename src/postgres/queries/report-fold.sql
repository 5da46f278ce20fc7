-- Purpose: bring the sums of reports up by some of the differences that the ledger has noted.
-- Guarantee: what sums and differences add up to stays the same at every instant; one process at a time, another one answers 0.
-- Parameters: $1 differences at most. Answers how many.
SELECT tollgate.fold_usage_moved($1::integer) AS done
