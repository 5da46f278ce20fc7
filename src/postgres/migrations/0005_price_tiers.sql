-- Purpose: bounds how many tiers a price has.
-- Guarantee: what is in force of a price is what stands here: the policy room takes as many tiers as this and no more.

CREATE FUNCTION tollgate.tiers_are_at_most_100() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM (SELECT FROM tollgate.price_tier t WHERE t.price = NEW.price LIMIT 101) tiers) > 100 THEN
    RAISE EXCEPTION 'price % has more than 100 tiers', NEW.price
      USING ERRCODE = 'check_violation', CONSTRAINT = 'tier_is_one_of_at_most_100', TABLE = 'price_tier', SCHEMA = 'tollgate';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION tollgate.tiers_are_at_most_100 IS 'Trigger: looks at COMMIT, so that tiers may be replaced in any order.';
CREATE CONSTRAINT TRIGGER tier_is_one_of_at_most_100 AFTER INSERT OR UPDATE OF price ON tollgate.price_tier
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tollgate.tiers_are_at_most_100();

COMMENT ON TABLE tollgate.price_tier IS 'What bytes cost, as in a tax table: the bytes from here up to the next tier of the same price cost this much per MB (10^6 bytes). At most 100 of one price.';
