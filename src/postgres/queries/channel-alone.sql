-- Purpose: wait until nobody else adds a channel for this owner, or a test of one.
-- Guarantee: held until this transaction ends. A statement of its own: what counts after it sees what the one before has added.
-- Parameters: $1 account, project, department or installation; $2 its id, empty for the installation.
SELECT pg_advisory_xact_lock(hashtextextended('tollgate alert_channel ' || $1::text || ' ' || $2::text, 0))
