-- Purpose: merge a batch of one partition's charge entries into the books and move what follows from them.
-- Guarantee: for each id, final wins over open and within one state the larger amount wins, quantity by quantity, whatever the order and
--            however often an entry is repeated. A row keeps the instant, payer and subjects it was first booked with. An entry that is
--            only for a booked row changes nothing unless the row is there, or an earlier entry of the batch makes it. Every counter of
--            quota_usage and every hour of subject_hour that the row's subjects have in this partition, and of a home row every hour of
--            usage_hour, moves by exactly new less old. Runs under the checkpoint's lock, so that no other ledger changes the partition's
--            rows meanwhile; hours belong to a home partition, so no other partition's drain moves them either.
-- Parameters: $1 partition, $2 JSON array of entries in stream order (see ledger-row.ts for the fields; credits come in millicredits),
--             $3 and $4 first and last mint day of them, $5 whether to tell the counters that moved.
-- Answers how many rows were written, and how many of those changed upwards, changed downwards, and are new and unsettled; and where it is
-- asked for, each counter of quota_usage that moved as it stands now, those of addresses left out: an array of subject kind,
-- subject id, surface, quantity, window kind, time zone, start and end in epoch milliseconds, used (credits in millicredits).
WITH listed AS (
  SELECT place, mint_day, id, at, account, project, department, token, address, upstream, surface, kind, resource, file, is_home,
         outcome, state, unsettled, requests, credits_milli / 1000.0 AS credits, bytes, gpu_ms, subjects, only_if_booked
    FROM ROWS FROM (jsonb_to_recordset($2::jsonb) AS (
           mint_day date, id text, at timestamptz, account text, project text, department text, token text, address text,
           upstream text, surface text, kind text, resource text, file text, is_home boolean, outcome text, state text,
           unsettled boolean, requests bigint, credits_milli numeric, bytes bigint, gpu_ms bigint, subjects text[],
           only_if_booked boolean)) WITH ORDINALITY AS entry (
           mint_day, id, at, account, project, department, token, address, upstream, surface, kind, resource, file, is_home,
           outcome, state, unsettled, requests, credits_milli, bytes, gpu_ms, subjects, only_if_booked, place)
), booked AS (
  SELECT 0::bigint AS place, old.mint_day, old.id, old.at, old.account, old.project, old.department, old.token, old.address, old.upstream,
         old.surface, old.kind, old.resource, old.file, old.is_home, old.outcome, old.state, old.unsettled, old.requests, old.credits,
         old.bytes, old.gpu_ms, old.subjects
    FROM (SELECT DISTINCT mint_day, id FROM listed) AS wanted
   -- LIMIT, and OFFSET below, keep these look-ups by key whatever the planner believes of tables that grow by the second.
   CROSS JOIN LATERAL (
         SELECT * FROM tollgate.usage_entry AS entry
          WHERE entry.mint_day = wanted.mint_day AND entry.id = wanted.id AND entry.partition = $1
            AND entry.mint_day BETWEEN $3 AND $4 LIMIT 1) AS old
), told AS (
  SELECT * FROM booked
   UNION ALL
  SELECT place, mint_day, id, at, account, project, department, token, address, upstream, surface, kind, resource, file, is_home, outcome,
         state, unsettled, requests, credits, bytes, gpu_ms, subjects
    FROM listed
   WHERE NOT only_if_booked
      OR EXISTS (SELECT FROM booked WHERE booked.mint_day = listed.mint_day AND booked.id = listed.id)
      OR EXISTS (SELECT FROM listed AS earlier
                  WHERE earlier.mint_day = listed.mint_day AND earlier.id = listed.id AND earlier.place < listed.place
                    AND NOT earlier.only_if_booked)
), decided AS (
  SELECT *, state = 'final' OR NOT bool_or(state = 'final') OVER (PARTITION BY mint_day, id) AS counts FROM told
), merged AS (
  SELECT mint_day, id,
         max(requests) FILTER (WHERE counts) AS requests, max(credits) FILTER (WHERE counts) AS credits,
         max(bytes) FILTER (WHERE counts) AS bytes, max(gpu_ms) FILTER (WHERE counts) AS gpu_ms,
         CASE WHEN bool_or(state = 'final') THEN 'final' ELSE 'open' END AS state,
         bool_or(unsettled) FILTER (WHERE counts) AS unsettled,
         -- The outcome of the entry with the most bytes; of equals the costlier, then the one that was not a refund.
         (array_agg(outcome ORDER BY bytes DESC, credits DESC, outcome = 'undelivered', outcome) FILTER (WHERE counts))[1] AS outcome,
         min(place) AS first_place
    FROM decided
   GROUP BY mint_day, id
), saved AS (
  INSERT INTO tollgate.usage_entry AS entry (
         mint_day, id, partition, is_home, at, account, project, department, token, address, upstream, surface, kind, resource, file,
         outcome, state, unsettled, requests, credits, bytes, gpu_ms, subjects)
  SELECT merged.mint_day, merged.id, $1::smallint, first.is_home, first.at, first.account, first.project, first.department, first.token,
         first.address, first.upstream, first.surface, first.kind, first.resource, first.file, merged.outcome, merged.state,
         merged.unsettled, merged.requests, merged.credits, merged.bytes, merged.gpu_ms, first.subjects
    FROM merged
    JOIN told AS first ON first.mint_day = merged.mint_day AND first.id = merged.id AND first.place = merged.first_place
      ON CONFLICT (mint_day, id, partition) DO UPDATE
     SET outcome = excluded.outcome, state = excluded.state, unsettled = excluded.unsettled, requests = excluded.requests,
         credits = excluded.credits, bytes = excluded.bytes, gpu_ms = excluded.gpu_ms
  RETURNING entry.mint_day, entry.id, entry.at, entry.account, entry.project, entry.department, entry.token, entry.is_home,
         entry.surface, entry.resource, entry.outcome, entry.state, entry.unsettled, entry.subjects, entry.requests, entry.credits,
         entry.bytes, entry.gpu_ms
), changed AS (
  SELECT saved.at, date_trunc('hour', saved.at, 'UTC') AS hour, saved.surface, saved.subjects, old.id IS NULL AS is_new, saved.unsettled,
         saved.requests - coalesce(old.requests, 0) AS requests, saved.credits - coalesce(old.credits, 0) AS credits,
         saved.bytes - coalesce(old.bytes, 0) AS bytes, saved.gpu_ms - coalesce(old.gpu_ms, 0) AS gpu_ms
    FROM saved
    LEFT JOIN booked AS old ON old.mint_day = saved.mint_day AND old.id = saved.id
), hours AS (
  INSERT INTO tollgate.usage_hour AS known (
         hour, account, project, department, surface, resource, outcome_class, entries, not_yet_final, requests, credits, bytes, gpu_ms)
  SELECT date_trunc('hour', at, 'UTC'), account, project, department, surface, resource, outcome_class,
         sum(sign), coalesce(sum(sign) FILTER (WHERE state = 'open'), 0), sum(sign * requests), sum(sign * credits), sum(sign * bytes), sum(sign * gpu_ms)
    FROM (SELECT 1 AS sign, at, account, project, department, surface, resource, tollgate.outcome_class(outcome, unsettled) AS outcome_class,
                 state, requests, credits, bytes, gpu_ms FROM saved WHERE is_home
           UNION ALL
          SELECT -1, at, account, project, department, surface, resource, tollgate.outcome_class(outcome, unsettled),
                 state, requests, credits, bytes, gpu_ms FROM booked WHERE is_home) AS part
   GROUP BY 1, 2, 3, 4, 5, 6, 7
  HAVING sum(sign) <> 0 OR coalesce(sum(sign) FILTER (WHERE state = 'open'), 0) <> 0 OR sum(sign * requests) <> 0
      OR sum(sign * credits) <> 0 OR sum(sign * bytes) <> 0 OR sum(sign * gpu_ms) <> 0
   ORDER BY 1, 2, 3, 4, 5, 6, 7
      ON CONFLICT (hour, account, project, department, surface, resource, outcome_class) DO UPDATE
     SET entries = greatest(0, known.entries + excluded.entries), not_yet_final = greatest(0, known.not_yet_final + excluded.not_yet_final),
         requests = greatest(0, known.requests + excluded.requests), credits = greatest(0, known.credits + excluded.credits),
         bytes = greatest(0, known.bytes + excluded.bytes), gpu_ms = greatest(0, known.gpu_ms + excluded.gpu_ms)
), subject_hours AS (
  INSERT INTO tollgate.subject_hour AS known (partition, subject, surface, hour, requests, credits, bytes, gpu_ms)
  SELECT $1::smallint, subject, surface, hour, sum(requests), sum(credits), sum(bytes), sum(gpu_ms)
    FROM changed CROSS JOIN LATERAL unnest(subjects) AS named (subject)
   GROUP BY subject, surface, hour
  HAVING sum(requests) <> 0 OR sum(credits) <> 0 OR sum(bytes) <> 0 OR sum(gpu_ms) <> 0
   ORDER BY subject, surface, hour
      ON CONFLICT (partition, subject, surface, hour) DO UPDATE
     SET requests = greatest(0, known.requests + excluded.requests), credits = greatest(0, known.credits + excluded.credits),
         bytes = greatest(0, known.bytes + excluded.bytes), gpu_ms = greatest(0, known.gpu_ms + excluded.gpu_ms)
), concerned AS (
  -- Windows of kept counters are of whole minutes, so all that fell into one minute moves the same counters.
  SELECT split_part(name, ':', 1) AS subject_kind, substr(name, strpos(name, ':') + 1) AS subject_id, changed.surface,
         date_trunc('minute', changed.at, 'UTC') AS at, sum(changed.requests) AS requests, sum(changed.credits) AS credits,
         sum(changed.bytes) AS bytes, sum(changed.gpu_ms) AS gpu_ms
    FROM changed
   CROSS JOIN LATERAL unnest(changed.subjects) AS subject (name)
   GROUP BY name, changed.surface, date_trunc('minute', changed.at, 'UTC')
), moved AS (
  SELECT counter.id,
         sum(CASE counter.quantity WHEN 'requests' THEN concerned.requests WHEN 'credits' THEN concerned.credits
                                   WHEN 'bytes' THEN concerned.bytes ELSE concerned.gpu_ms END) AS by
    FROM concerned
   CROSS JOIN LATERAL (
         SELECT kept.id, kept.quantity FROM tollgate.quota_usage AS kept
          WHERE kept.partition = $1 AND kept.subject_kind = concerned.subject_kind AND kept.subject_id = concerned.subject_id
            AND kept.end_at > concerned.at AND kept.start_at <= concerned.at AND kept.surface IN ('any', concerned.surface)
         OFFSET 0) AS counter
   GROUP BY counter.id
), counted AS (
  -- Someone may have lowered a counter by hand; it then stops at 0 instead of stopping the ledger.
  UPDATE tollgate.quota_usage AS counter SET used = greatest(0, counter.used + moved.by)
    FROM moved
   WHERE counter.id = moved.id AND moved.by <> 0
  RETURNING counter.*
), seen AS (
  INSERT INTO tollgate.token_use AS known (token, last_used_at)
  SELECT token, max(at) FROM saved WHERE is_home AND token <> '' GROUP BY token
      ON CONFLICT (token) DO UPDATE SET last_used_at = excluded.last_used_at WHERE known.last_used_at < excluded.last_used_at
)
SELECT count(*)::int AS saved,
       count(*) FILTER (WHERE NOT is_new AND (credits, bytes, requests, gpu_ms) > (0, 0, 0, 0))::int AS raised,
       count(*) FILTER (WHERE NOT is_new AND (credits, bytes, requests, gpu_ms) < (0, 0, 0, 0))::int AS lowered,
       count(*) FILTER (WHERE is_new AND unsettled)::int AS unsettled,
       CASE WHEN $5 THEN (
         SELECT jsonb_agg(jsonb_build_array(
                  subject_kind, subject_id, surface, quantity, window_kind, time_zone, (extract(epoch FROM start_at) * 1000)::bigint,
                  (extract(epoch FROM end_at) * 1000)::bigint,
                  (used * CASE quantity WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0)))
           FROM counted WHERE subject_kind <> 'address') END AS moved
  FROM changed
