-- Purpose: coarsen the next entries of a day: addresses to /24 or /48 and files to nothing (step details), addresses among the subjects
--          to nothing (step subjects).
-- Guarantee: at most $5 entries, in the order of their key, and usage_day says how far; the day is done when less than that was left. Amounts
--            and everything that counters are recomputed from in a running window stay.
-- Parameters: $1 step, $2 day, $3 and $4 id and partition to go on after, $5 entries at most. Answers how many were looked at, and one more
--             for the day itself.
WITH batch AS (
  SELECT id, partition FROM tollgate.usage_entry
   WHERE mint_day = $2::date AND (id, partition) > ($3::text, $4::smallint)
   ORDER BY id, partition LIMIT $5
), done AS (
  UPDATE tollgate.usage_entry AS entry
     SET address = CASE WHEN $1 = 'details' THEN tollgate.coarse_address(entry.address) ELSE entry.address END,
         file = CASE WHEN $1 = 'details' THEN '' ELSE entry.file END,
         subjects = CASE WHEN $1 = 'subjects'
                         THEN ARRAY(SELECT name FROM unnest(entry.subjects) AS name WHERE NOT name ~ '^address:')
                         ELSE entry.subjects END
    FROM batch
   WHERE entry.mint_day = $2::date AND entry.id = batch.id AND entry.partition = batch.partition
     AND CASE WHEN $1 = 'details' THEN entry.file <> '' OR entry.address <> tollgate.coarse_address(entry.address)
              ELSE EXISTS (SELECT FROM unnest(entry.subjects) AS name WHERE name ~ '^address:') END
), last AS (
  SELECT id, partition FROM batch ORDER BY id DESC, partition DESC LIMIT 1
), noted AS (
  INSERT INTO tollgate.usage_day (mint_day, step, done_to_id, done_to_partition, done_at)
  SELECT $2::date, $1::text, coalesce((SELECT id FROM last), $3), coalesce((SELECT partition FROM last), $4),
         CASE WHEN (SELECT count(*) FROM batch) < $5 THEN now() END
      ON CONFLICT (mint_day, step) DO UPDATE
     SET done_to_id = excluded.done_to_id, done_to_partition = excluded.done_to_partition, done_at = excluded.done_at
)
SELECT (SELECT count(*) FROM batch)::int + 1 AS done
