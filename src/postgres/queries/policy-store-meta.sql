-- Purpose: what was fixed when Tollgate was installed.
-- Guarantee: reads only.
-- Parameters: none.
SELECT partitions::int4, format::int4, ticket_key FROM tollgate.store_meta
