-- Purpose: where migrations are recorded; run before each migration run, under its lock.
-- Guarantee: changes nothing that is there.
-- Parameters: none.
CREATE SCHEMA IF NOT EXISTS tollgate;
COMMENT ON SCHEMA tollgate IS 'Tollgate: who may what at what price, and what was charged. Change policy here by plain SQL; a COMMIT is in force within a second.';
CREATE TABLE IF NOT EXISTS tollgate.migration (
  name text NOT NULL CONSTRAINT migration_is_applied_once PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tollgate.migration IS 'Migrations that were applied to this database.';
COMMENT ON COLUMN tollgate.migration.name IS 'File name.';
COMMENT ON COLUMN tollgate.migration.checksum IS 'SHA-256 of the file, lower-case hex: a file that changed after it was applied is refused.';
COMMENT ON COLUMN tollgate.migration.applied_at IS 'When it was applied.';
