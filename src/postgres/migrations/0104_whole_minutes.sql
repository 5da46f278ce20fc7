-- Purpose: what the ledger moves minute by minute must begin and end with a minute.
-- Guarantee: rows of other windows go; such counters are summed when they are asked for. No zone of today has an offset with seconds.
-- Parameters: none.

DELETE FROM tollgate.quota_usage
 WHERE start_at <> date_trunc('minute', start_at, 'UTC') OR end_at <> date_trunc('minute', end_at, 'UTC');
ALTER TABLE tollgate.quota_usage ADD CONSTRAINT quota_usage_window_is_of_whole_minutes
  CHECK (start_at = date_trunc('minute', start_at, 'UTC') AND end_at = date_trunc('minute', end_at, 'UTC'));
