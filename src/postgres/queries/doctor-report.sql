-- Purpose: which installation this database holds, and which life of the server answers.
-- Guarantee: looks only.
-- Parameters: none.
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms, meta.format, meta.partitions, version.history,
       (extract(epoch FROM pg_postmaster_start_time()) * 1000)::float8 AS started_at_ms,
       to_regclass('tollgate.restoration') IS NOT NULL AS knows_restorations
  FROM tollgate.store_meta AS meta, tollgate.policy_version AS version
