-- Purpose: what the telling of alerts knows beside events and channels, and what its columns say.
-- Guarantee: no row that is there is changed.
-- Parameters: none.

COMMENT ON COLUMN tollgate.alert_channel.percent_min IS 'Of level events only those from this percentage on, and of recovered those of such levels.';
COMMENT ON COLUMN tollgate.alert_target_pace.target IS 'A keyed digest of the address that alert_channel.target names, lower-case hex: the same for every channel that leads there, whether its row has it plain, sealed or by reference.';
