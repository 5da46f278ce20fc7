-- Purpose: which levels stand of some limits in some windows, also by a name that the limit had before.
-- Guarantee: reads only; each limit by index.
-- Parameters: $1 JSON array of {kind, subject, limit, rule, start}, the start in epoch milliseconds. Answers as `amount` what each was last
--             held against, in code units.
SELECT event.id, asked.kind, asked.subject, asked."limit", asked.start, event.percent,
       (coalesce(event.held_amount, event.amount) * CASE event.counts WHEN 'credits' THEN 1000 ELSE 1 END)::numeric(38, 0)::text AS amount
  FROM jsonb_to_recordset($1::jsonb) AS asked (kind text, subject text, "limit" text, rule text, start float8)
 CROSS JOIN LATERAL (
       SELECT * FROM tollgate.alert_event AS found
        WHERE found.type = 'level' AND found.ended_at IS NULL AND found.subject_kind = asked.kind AND found.subject_id = asked.subject
          AND found.window_start = to_timestamp(asked.start / 1000) AND (found.limit_name = asked."limit" OR found.limit_rule = asked.rule)
       OFFSET 0) AS event
