-- Purpose: counters whose window runs, with what the books have for them and the checkpoint this holds at.
-- Guarantee: one statement, so one instant. Looks only.
-- Parameters: $1 an account, whose counters and whose project's and department's are meant, or null: those that used most, by turns of each unit, surface and window, whose figures do not compare; $2 how many at most.
SELECT counter.partition, counter.subject_kind, counter.subject_id, counter.surface, counter.quantity, counter.window_kind, counter.time_zone,
       (extract(epoch FROM counter.start_at) * 1000)::float8 AS start_ms, (extract(epoch FROM counter.end_at) * 1000)::float8 AS end_ms,
       (CASE counter.quantity WHEN 'credits' THEN 1000 ELSE 1 END * counter.used)::float8 AS used, checkpoint.epoch, checkpoint.position
  FROM tollgate.quota_usage AS counter
  JOIN tollgate.ledger_checkpoint AS checkpoint ON checkpoint.partition = counter.partition
 WHERE counter.start_at <= now() AND counter.end_at > now()
   AND ($1::text IS NULL OR EXISTS (
         SELECT FROM tollgate.account AS account JOIN tollgate.project AS project ON project.id = account.project
          WHERE account.id = $1
            AND (counter.subject_kind, counter.subject_id) IN
                (('account', account.id::text), ('project', project.id::text), ('department', project.department::text))))
 ORDER BY row_number() OVER (PARTITION BY counter.quantity, counter.surface, counter.window_kind ORDER BY counter.used DESC, counter.id), counter.id
 LIMIT $2
