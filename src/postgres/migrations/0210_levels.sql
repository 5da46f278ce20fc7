-- Purpose: find the levels that stand of one subject in one window.
-- Guarantee: only an index; no row is read or changed.
-- Parameters: none.

CREATE INDEX alert_event_standing_by_subject ON tollgate.alert_event (subject_kind, subject_id, window_start)
  WHERE type = 'level' AND ended_at IS NULL;
