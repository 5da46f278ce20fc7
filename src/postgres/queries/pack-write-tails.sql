-- Purpose: raises for what packs paid of a window that runs on after their end, so that it does not fall on the limit.
-- Guarantee: one row per pack, named after it; written only where it differs. A tail that is no longer right goes.
-- Parameters: $1 ids of the packs, $2 JSON array of {pack, end_at, paid}, $3 how many of the given unit are one of SQL,
--             $4 now, by the clock that decides windows: what was raised in windows that are over stays to be read.
WITH given AS (
  SELECT 'tail-' || left(encode(sha256(convert_to(pack, 'UTF8')), 'hex'), 32) AS id, pack, end_at, paid / $3::numeric AS amount
    FROM jsonb_to_recordset($2::jsonb) AS one (pack text, end_at timestamptz, paid numeric)
), ours AS (
  SELECT 'tail-' || left(encode(sha256(convert_to(pack, 'UTF8')), 'hex'), 32) AS id FROM unnest($1::text[]) AS one (pack)
), gone AS (
  DELETE FROM tollgate.grant AS old USING ours
   WHERE old.id = ours.id AND old.kind = 'raise' AND old.ends_at > $4::timestamptz AND NOT EXISTS (SELECT FROM given WHERE given.id = old.id)
  RETURNING old.id
), saved AS (
  INSERT INTO tollgate.grant AS old (id, kind, limit_name, account, amount, starts_at, ends_at, note)
  SELECT given.id, 'raise', pack.limit_name, pack.account, given.amount, pack.ends_at, given.end_at,
         'What the pack ' || pack.id || ' paid of the window in which it ended'
    FROM given JOIN tollgate.grant AS pack ON pack.id = given.pack
   WHERE pack.ends_at < given.end_at
      ON CONFLICT (id) DO UPDATE SET amount = excluded.amount, starts_at = excluded.starts_at, ends_at = excluded.ends_at
   WHERE (old.amount, old.starts_at, old.ends_at) <> (excluded.amount, excluded.starts_at, excluded.ends_at)
  RETURNING old.id
)
SELECT ((SELECT count(*) FROM gone) + (SELECT count(*) FROM saved))::int AS changed
