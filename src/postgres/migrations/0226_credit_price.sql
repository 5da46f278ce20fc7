-- Purpose: what a credit costs in money, for reports. Tollgate takes no money.
-- Guarantee: at every whole hour one price at most counts for a department and a surface. Recorded and versioned as every row of policy.
-- Parameters: none.

CREATE TABLE tollgate.credit_price (
  id tollgate.slug NOT NULL CONSTRAINT credit_price_id_is_unique PRIMARY KEY,
  department tollgate.slug CONSTRAINT credit_price_department_exists REFERENCES tollgate.department ON UPDATE CASCADE ON DELETE CASCADE,
  surface text,
  price numeric(18, 9) NOT NULL,
  currency text NOT NULL,
  starts_at timestamptz NOT NULL,
  note text NOT NULL DEFAULT '',
  CONSTRAINT credit_price_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT credit_price_is_not_negative CHECK (price >= 0),
  CONSTRAINT credit_price_currency_is_three_capitals CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT credit_price_starts_with_an_hour CHECK (isfinite(starts_at) AND starts_at = date_trunc('hour', starts_at, 'UTC')),
  CONSTRAINT credit_price_note_is_short CHECK (length(note) <= 500),
  CONSTRAINT credit_price_is_one_per_hour_department_and_surface UNIQUE NULLS NOT DISTINCT (department, surface, starts_at)
);
COMMENT ON TABLE tollgate.credit_price IS 'What one credit costs, for the money in tollgate report. For each hour the most specific row that has started counts: department and surface over department over surface over neither; of equals the one that started last. Without a row use is shown as unpriced. A row that starts in the past changes what reports of that past say.';
COMMENT ON COLUMN tollgate.credit_price.id IS 'Name of this row.';
COMMENT ON COLUMN tollgate.credit_price.department IS 'For what this department is charged. NULL: anyone.';
COMMENT ON COLUMN tollgate.credit_price.surface IS 'pypi or gpu. NULL: both.';
COMMENT ON COLUMN tollgate.credit_price.price IS 'Of one credit, in units of the currency. 0: free of charge, which is not the same as unpriced.';
COMMENT ON COLUMN tollgate.credit_price.currency IS 'ISO 4217 code, such as CNY. Several currencies are summed apart.';
COMMENT ON COLUMN tollgate.credit_price.starts_at IS 'Counts from this whole hour on, until a later row of the same department and surface.';
COMMENT ON COLUMN tollgate.credit_price.note IS 'For people; Tollgate does not read it.';
CREATE TRIGGER insert_is_recorded AFTER INSERT ON tollgate.credit_price REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER update_is_recorded AFTER UPDATE ON tollgate.credit_price REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER delete_is_recorded AFTER DELETE ON tollgate.credit_price REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);
CREATE TRIGGER truncate_is_recorded BEFORE TRUNCATE ON tollgate.credit_price
  FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id);

CREATE FUNCTION tollgate.credit_price_at(wanted_department text, wanted_surface text, at timestamptz) RETURNS tollgate.credit_price
LANGUAGE sql STABLE AS $$
  SELECT p.* FROM tollgate.credit_price p
   WHERE (p.department IS NULL OR p.department = wanted_department) AND (p.surface IS NULL OR p.surface = wanted_surface) AND p.starts_at <= at
   ORDER BY p.department IS NULL, p.surface IS NULL, p.starts_at DESC LIMIT 1
$$;
COMMENT ON FUNCTION tollgate.credit_price_at IS 'The row of credit_price that counts for a department and a surface at an instant; NULL when none does.';
