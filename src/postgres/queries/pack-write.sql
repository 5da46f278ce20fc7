-- Purpose: what packs paid, as it was found now.
-- Guarantee: grant.spent moves by exactly what changes in pack_payment; grants change only where something does. What was corrected in
--            grant.spent by hand stays corrected.
-- Parameters: $1 ids of the packs, $2 from which instant on all their payments are given, $3 JSON array of {pack, start_at, end_at, paid},
--             $4 how many of the given unit are one of SQL, $5 until when it is final,
--             $6 as of when.
WITH given AS (
  SELECT pack, start_at, end_at, paid / $4::numeric AS paid
    FROM jsonb_to_recordset($3::jsonb) AS one (pack text, start_at timestamptz, end_at timestamptz, paid numeric)
), known AS (
  SELECT * FROM tollgate.pack_payment WHERE grant_id = ANY ($1) AND window_end > $2::timestamptz
), gone AS (
  DELETE FROM tollgate.pack_payment AS old USING known
   WHERE old.grant_id = known.grant_id AND old.window_start = known.window_start
     AND NOT EXISTS (SELECT FROM given WHERE given.pack = old.grant_id AND given.start_at = old.window_start)
), saved AS (
  INSERT INTO tollgate.pack_payment AS old (grant_id, window_start, window_end, paid)
  SELECT pack, start_at, end_at, paid FROM given
      ON CONFLICT (grant_id, window_start) DO UPDATE SET window_end = excluded.window_end, paid = excluded.paid, settled_at = now()
   WHERE (old.window_end, old.paid) <> (excluded.window_end, excluded.paid)
), settled AS (
  INSERT INTO tollgate.pack_settled AS old (grant_id, final_until, settled_to) SELECT unnest($1::text[]), $5::timestamptz, $6::timestamptz
      ON CONFLICT (grant_id) DO UPDATE SET final_until = greatest(old.final_until, excluded.final_until), settled_to = excluded.settled_to
), moved AS (
  SELECT pack, sum(by) AS by
    FROM (SELECT pack, paid AS by FROM given UNION ALL SELECT grant_id, -paid FROM known) AS one GROUP BY pack HAVING sum(by) <> 0
), spent AS (
  UPDATE tollgate.grant AS pack SET spent = least(pack.amount, greatest(0, pack.spent + moved.by))
    FROM moved WHERE pack.id = moved.pack RETURNING pack.id
)
SELECT count(*)::int AS changed FROM spent
