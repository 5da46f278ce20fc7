-- Purpose: which policy is the newest; asked twice a second, so one index look-up.
-- Guarantee: as of one instant.
-- Parameters: none.
SELECT history, version::float8 AS version, ARRAY(SELECT table_name FROM tollgate.emptied_table) AS emptied
FROM tollgate.policy_version
