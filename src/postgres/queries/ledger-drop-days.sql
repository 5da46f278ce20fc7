-- Purpose: drop the oldest day of usage_entry that is older than wanted.
-- Guarantee: one whole day at most; never one of the last 35, which windows of a month and late reports still need; never one whose sums are
--            missing in usage_hour: it is passed over, and told of by an exception once no other is left.
-- Parameters: $1 days to keep. Answers how many were dropped.
SELECT tollgate.drop_usage_days((now() AT TIME ZONE 'UTC')::date - greatest(35, $1::integer), 1) AS done
