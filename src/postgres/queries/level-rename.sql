-- Purpose: let levels that stand go on by the new name of their limit.
-- Guarantee: what has ended keeps its name, and a level whose new key stands already is left as it is. Rows are locked in the order of their
--            ids; of two that rename at once one may fail by the unique key, and finds the other's work when it tries again.
-- Parameters: $1 JSON array of {id, limit, key}.
WITH renamed AS (
  SELECT event.id, asked."limit", asked.key
    FROM tollgate.alert_event AS event
    JOIN jsonb_to_recordset($1::jsonb) AS asked (id text, "limit" text, key text) ON asked.id = event.id
   WHERE event.ended_at IS NULL
     AND NOT EXISTS (SELECT FROM tollgate.alert_event AS other
                      WHERE other.key = asked.key AND other.ended_at IS NULL AND other.id <> event.id)
   ORDER BY event.id
     FOR UPDATE OF event
)
UPDATE tollgate.alert_event AS event SET limit_name = renamed."limit", key = renamed.key FROM renamed WHERE event.id = renamed.id
