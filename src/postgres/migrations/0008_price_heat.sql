-- Purpose: prices by how much a resource is in demand.
-- Guarantee: a price without heat stands as it stood.

ALTER TABLE tollgate.price_rule
  ADD COLUMN heat text,
  ADD CONSTRAINT price_heat_is_known CHECK (heat IN ('hot', 'normal', 'rare'));
COMMENT ON COLUMN tollgate.price_rule.heat IS 'hot, normal or rare: only packages or models that are so much in demand now. NULL: every one. Decides last: of rows with the same columns set otherwise, one with heat before one without; a row with package_pattern or kind is not outdone by one that has only heat.';
COMMENT ON TABLE tollgate.price_rule IS 'Prices. Of the rows that match a request the most specific counts: one with package_pattern and kind, then with package_pattern, then with kind, then without; of each sort one with heat first; of equals the first by id. None: 1 credit.';
