-- Purpose: what packs paid, window by window, and rules that keep packs to quotas.
-- Guarantee: grant.spent moves by exactly what changes here, in the same transaction, so that settling again adds nothing. A pack is of a
--            quota that each account has for itself: what refills, or is shared, cannot be spent before.
-- Parameters: none.

CREATE TABLE tollgate.pack_payment (
  grant_id tollgate.slug NOT NULL CONSTRAINT pack_payment_grant_exists REFERENCES tollgate.grant ON UPDATE CASCADE ON DELETE CASCADE,
  window_start timestamptz NOT NULL,
  window_end timestamptz NOT NULL,
  paid numeric(19,3) NOT NULL,
  settled_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pack_pays_once_per_window PRIMARY KEY (grant_id, window_start),
  CONSTRAINT pack_payment_is_positive CHECK (paid > 0),
  CONSTRAINT pack_payment_is_of_a_window CHECK (window_end > window_start)
);
COMMENT ON TABLE tollgate.pack_payment IS 'What packs paid of what was used, by window. Written when a window or a pack is over, and again while late reports may still change it.';
COMMENT ON COLUMN tollgate.pack_payment.grant_id IS 'The pack.';
COMMENT ON COLUMN tollgate.pack_payment.window_start IS 'First instant of the quota''s window.';
COMMENT ON COLUMN tollgate.pack_payment.window_end IS 'First instant after it.';
COMMENT ON COLUMN tollgate.pack_payment.paid IS 'How much the pack paid in it, in the unit of limit_rule.amount.';
COMMENT ON COLUMN tollgate.pack_payment.settled_at IS 'When this was found.';

CREATE TABLE tollgate.pack_settled (
  grant_id tollgate.slug NOT NULL CONSTRAINT pack_settled_has_one_row_per_grant PRIMARY KEY
    CONSTRAINT pack_settled_grant_exists REFERENCES tollgate.grant ON UPDATE CASCADE ON DELETE CASCADE,
  settled_to timestamptz NOT NULL,
  final_until timestamptz NOT NULL
);
COMMENT ON TABLE tollgate.pack_settled IS 'How far packs are settled for good.';
COMMENT ON COLUMN tollgate.pack_settled.grant_id IS 'The pack.';
COMMENT ON COLUMN tollgate.pack_settled.settled_to IS 'When it was last settled, by the clock that decides windows.';
COMMENT ON COLUMN tollgate.pack_settled.final_until IS 'What it paid in windows that end here or earlier does not change any more: reports come 48 hours late at most.';

CREATE FUNCTION tollgate.pack_is_of_a_quota() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM tollgate.limit_rule l WHERE l.name = NEW.limit_name AND l.kind = 'quota' AND l.per = 'account')
  THEN
    RAISE EXCEPTION 'pack % is of a limit % that is no quota of single accounts', NEW.id, NEW.limit_name
      USING ERRCODE = 'check_violation', CONSTRAINT = 'pack_is_of_a_quota_per_account', TABLE = TG_TABLE_NAME, SCHEMA = 'tollgate',
        HINT = 'A rate refills and a cap is given back, so that nothing of them is ever spent. A quota that is shared has one counter for all.';
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION tollgate.pack_is_of_a_quota IS 'Trigger: a pack is of a limit that is a quota and counted for each account by itself.';
CREATE TRIGGER pack_is_of_a_quota BEFORE INSERT OR UPDATE OF limit_name ON tollgate.pack
  FOR EACH ROW EXECUTE FUNCTION tollgate.pack_is_of_a_quota();
CREATE TRIGGER grant_pack_is_of_a_quota BEFORE INSERT OR UPDATE OF kind, limit_name ON tollgate.grant
  FOR EACH ROW WHEN (NEW.kind = 'pack') EXECUTE FUNCTION tollgate.pack_is_of_a_quota();

CREATE FUNCTION tollgate.packs_follow_their_limit() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE tollgate.pack p SET limit_name = NEW.name
  WHERE p.limit_name = OLD.name AND NOT EXISTS (SELECT FROM tollgate.limit_rule l WHERE l.name = OLD.name);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION tollgate.packs_follow_their_limit IS 'Trigger: when the last row of a name is renamed, so are the packs of it.';
CREATE TRIGGER packs_follow_their_limit AFTER UPDATE OF name ON tollgate.limit_rule
  FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION tollgate.packs_follow_their_limit();
