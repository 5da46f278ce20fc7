-- Purpose: send once more what was sent or given up.
-- Guarantee: the old row says that another took its place, both or neither; of two callers one does it.
-- Parameters: $1 the delivery.
WITH former AS (
  UPDATE tollgate.alert_delivery SET state = 'resent' WHERE id = $1 AND state IN ('sent', 'failed') RETURNING event, channel
)
INSERT INTO tollgate.alert_delivery (event, channel) SELECT event, channel FROM former RETURNING id
