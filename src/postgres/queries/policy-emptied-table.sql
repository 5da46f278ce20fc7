-- Purpose: tables that were emptied on purpose.
-- Guarantee: reads only.
-- Parameters: none.
SELECT table_name FROM tollgate.emptied_table
