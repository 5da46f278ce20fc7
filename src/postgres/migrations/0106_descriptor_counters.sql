-- Purpose: let the books hold counters of descriptors, which rate-limit requests name.
-- Guarantee: only widens what is allowed; no row is read or changed.
-- Parameters: none.

ALTER TABLE tollgate.quota_usage
  DROP CONSTRAINT quota_usage_subject_kind_is_known,
  ADD CONSTRAINT quota_usage_subject_kind_is_known
    CHECK (subject_kind IN ('account', 'project', 'department', 'token', 'address', 'everyone', 'descriptor'));
COMMENT ON COLUMN tollgate.quota_usage.subject_kind IS 'Whose counter: account, project, department, token, address, everyone or descriptor';
