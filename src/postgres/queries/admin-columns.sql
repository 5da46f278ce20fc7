-- Purpose: the columns of one table, as administrators write its rows.
-- Guarantee: reads only the catalogue, so it holds for every table there will be.
-- Parameters: $1 name of a table in the schema tollgate.
SELECT a.attname AS name,
       -- A domain by the type it rests on, without its length.
       format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), NULL) AS type,
       CASE WHEN a.atttypid = 'numeric'::regtype AND a.atttypmod > 0 THEN (a.atttypmod - 4) & 65535 END AS decimals,
       NOT a.attnotnull AS is_nullable,
       a.attgenerated = '' AND a.attidentity <> 'a' AS is_writable,
       array_position(k.conkey, a.attnum) AS key_place,
       coalesce(col_description(c.oid, a.attnum), '') AS comment
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
 WHERE c.relnamespace = 'tollgate'::regnamespace AND c.relname = $1 AND c.relkind = 'r'
 ORDER BY a.attnum
