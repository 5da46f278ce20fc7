-- Purpose: what an operator calls after PostgreSQL was restored from a backup, and the record of it.
-- Guarantee: every process reads the whole policy anew, whatever versions it knows; every charge that a stream still holds is read again,
--            which changes nothing that is booked already. One transaction; drains under way finish first.

CREATE TABLE tollgate.restoration (
  id          bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT restoration_id_is_unique PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  by          text        NOT NULL,
  old_history text        NOT NULL,
  new_history text        NOT NULL,
  version     bigint      NOT NULL
);
COMMENT ON TABLE  tollgate.restoration IS 'Every call of tollgate.restored(). Nothing is ever changed or removed here';
COMMENT ON COLUMN tollgate.restoration.id IS 'In their order';
COMMENT ON COLUMN tollgate.restoration.at IS 'When it was called';
COMMENT ON COLUMN tollgate.restoration.by IS 'The setting tollgate.actor if the session has one, else the user of the session';
COMMENT ON COLUMN tollgate.restoration.old_history IS 'policy_version.history before';
COMMENT ON COLUMN tollgate.restoration.new_history IS 'policy_version.history since';
COMMENT ON COLUMN tollgate.restoration.version IS 'The version of the policy that was restored';
CREATE TRIGGER restoration_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tollgate.restoration
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.refuse_change();

CREATE FUNCTION tollgate.restored() RETURNS tollgate.restoration
LANGUAGE plpgsql AS $$
DECLARE
  old_history text := (SELECT history FROM tollgate.policy_version);
  written tollgate.restoration;
BEGIN
  PERFORM tollgate.redraw_history();
  UPDATE tollgate.ledger_checkpoint SET epoch = NULL, position = NULL, moved_at = now();
  INSERT INTO tollgate.restoration (by, old_history, new_history, version)
  SELECT coalesce(nullif(current_setting('tollgate.actor', true), ''), session_user), old_history, v.history, v.version
    FROM tollgate.policy_version v
  RETURNING * INTO written;
  RETURN written;
END
$$;
COMMENT ON FUNCTION tollgate.restored IS 'Call it once after this database was restored from a backup, or run `tollgate restored`: policy is read whole by every process, and charge streams from their start.';
