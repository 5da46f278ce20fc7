-- Purpose: end levels that no longer stand.
-- Guarantee: each once: what has ended stays as it is. Their keys are free from here on.
-- Parameters: $1 ids of events. Answers those that this call ended.
UPDATE tollgate.alert_event SET ended_at = clock_timestamp() WHERE id = ANY ($1::text[]) AND ended_at IS NULL RETURNING id
