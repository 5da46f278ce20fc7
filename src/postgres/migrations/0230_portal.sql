-- Purpose: limits of the API itself, and whose work an Idempotency-Key stands for.
-- Guarantee: a row of surface api is a rate of requests by account or address, and governs nothing but the API.

ALTER TABLE tollgate.limit_rule
  DROP CONSTRAINT limit_surface_is_known,
  ADD CONSTRAINT limit_surface_is_known CHECK (surface IN ('pypi', 'gpu', 'api')),
  ADD CONSTRAINT limit_of_the_api_is_a_rate_of_requests CHECK (
    surface <> 'api' OR (kind = 'rate' AND counts = 'requests' AND per IN ('account', 'address') AND coalesce(pace_ms_max, 0) = 0));
COMMENT ON COLUMN tollgate.limit_rule.surface IS 'pypi or gpu: counts only requests of this surface. NULL: of both. api: requests to Tollgate''s own API, and nothing else; each process counts them for itself. Without a row of api: 10 a second, 50 at once, per account.';

ALTER TABLE tollgate.idempotency_key ADD COLUMN held_by text;
COMMENT ON COLUMN tollgate.idempotency_key.held_by IS 'The request that does the work, by its id.';
