-- Purpose: let one account be given one token at a time, so that the count of its tokens is right when the next is written.
-- Guarantee: held until this transaction ends; changes nothing, and keeps nobody from reading or changing the account.
-- Parameters: $1 account.
SELECT pg_advisory_xact_lock(hashtextextended('tollgate token ' || $1::text, 0))
