-- Purpose: how much packages and models are in demand, for prices by heat.
-- Guarantee: nothing is hot or rare before the ledger's hourly upkeep has said so.
-- Parameters: none.

CREATE TABLE tollgate.heat_threshold (
  surface       text    NOT NULL,
  window_hours  integer NOT NULL DEFAULT 24,
  hot_from      bigint  NOT NULL DEFAULT 1000,
  hot_until     bigint  NOT NULL DEFAULT 500,
  rare_from     bigint  NOT NULL DEFAULT 2,
  rare_until    bigint  NOT NULL DEFAULT 5,
  resources_max integer NOT NULL DEFAULT 50000,
  CONSTRAINT heat_threshold_is_one_row_per_surface PRIMARY KEY (surface),
  CONSTRAINT heat_threshold_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT heat_threshold_window_is_1_hour_to_a_week CHECK (window_hours BETWEEN 1 AND 168),
  CONSTRAINT heat_threshold_lets_go_later_than_it_takes
    CHECK (0 <= rare_from AND rare_from <= rare_until AND rare_until <= hot_until AND hot_until <= hot_from),
  CONSTRAINT heat_threshold_resources_are_at_most_a_million CHECK (resources_max BETWEEN 1 AND 1000000)
);
COMMENT ON TABLE  tollgate.heat_threshold IS 'When a resource is hot or rare. Change it by UPDATE; the next hourly upkeep uses it';
COMMENT ON COLUMN tollgate.heat_threshold.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate.heat_threshold.window_hours IS 'Requests of the running hour and so many before it are counted';
COMMENT ON COLUMN tollgate.heat_threshold.hot_from IS 'At least so many requests in the window make a resource hot';
COMMENT ON COLUMN tollgate.heat_threshold.hot_until IS 'A hot one stays hot while it has at least so many: so that a price does not flicker';
COMMENT ON COLUMN tollgate.heat_threshold.rare_from IS 'At most so many requests in the window make a resource rare that was asked for in the last 30 days; one that was not is normal';
COMMENT ON COLUMN tollgate.heat_threshold.rare_until IS 'A rare one stays rare while it has at most so many';
COMMENT ON COLUMN tollgate.heat_threshold.resources_max IS 'Resources that are judged, the most asked for first; all others are normal';
INSERT INTO tollgate.heat_threshold (surface) VALUES ('pypi'), ('gpu');

CREATE TABLE tollgate.resource_heat (
  surface  text        NOT NULL,
  resource text        NOT NULL,
  heat     text        NOT NULL,
  since    timestamptz NOT NULL,
  requests bigint      NOT NULL,
  seen_at  timestamptz NOT NULL,
  CONSTRAINT resource_heat_is_one_row_per_resource PRIMARY KEY (surface, resource),
  CONSTRAINT resource_heat_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT resource_heat_is_known CHECK (heat IN ('hot', 'normal', 'rare'))
);
COMMENT ON TABLE  tollgate.resource_heat IS 'How much each package or model is in demand, recomputed every hour from usage_hour by heat_threshold. Prices with a heat use it a minute later. A resource without a row is normal';
COMMENT ON COLUMN tollgate.resource_heat.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate.resource_heat.resource IS 'The package or the GPU model';
COMMENT ON COLUMN tollgate.resource_heat.heat IS 'hot, normal or rare';
COMMENT ON COLUMN tollgate.resource_heat.since IS 'When it became so';
COMMENT ON COLUMN tollgate.resource_heat.requests IS 'Booked requests in the window, when it was last recomputed';
COMMENT ON COLUMN tollgate.resource_heat.seen_at IS 'The last hour with a booked request; the row goes 30 days after it';
