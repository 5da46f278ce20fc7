-- Purpose: note what limit levels that stand on are held against from here on.
-- Guarantee: the amount they were told with stays as it is, and what has ended stays whole. Rows are locked in the order of their ids.
-- Parameters: $1 JSON array of {id, amount}, amounts in code units: millicredits, else the unit of SQL.
WITH held AS (
  SELECT event.id, asked.amount
    FROM tollgate.alert_event AS event
    JOIN jsonb_to_recordset($1::jsonb) AS asked (id text, amount numeric) ON asked.id = event.id
   WHERE event.ended_at IS NULL
   ORDER BY event.id
     FOR UPDATE OF event
)
UPDATE tollgate.alert_event AS event
   SET held_amount = held.amount / CASE event.counts WHEN 'credits' THEN 1000 ELSE 1 END
  FROM held
 WHERE event.id = held.id
