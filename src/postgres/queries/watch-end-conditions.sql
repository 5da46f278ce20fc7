-- Purpose: end what no longer is, and say which of what is may be told.
-- Guarantee: an event that is ended here may be told anew, but not before it is over for a while: what comes and goes is not told each time.
--            None ends in its first 10 seconds, so that a process that knows a little less takes nothing back that another has just found.
-- Parameters: $1 type, $2 keys of what is, $3 for how many milliseconds what ended is not told again.
WITH over AS (
  UPDATE tollgate.alert_event SET ended_at = now()
   WHERE ended_at IS NULL AND type IN ('policy_quarantined', 'ledger_lag') AND type = $1 AND key <> ALL ($2::text[])
     AND at < now() - interval '10 seconds'
)
SELECT key FROM unnest($2::text[]) AS present (key)
 WHERE NOT EXISTS (
       SELECT FROM tollgate.alert_event AS ended
        WHERE ended.ended_at IS NOT NULL AND ended.type IN ('policy_quarantined', 'ledger_lag') AND ended.type = $1
          AND ended.key = present.key AND ended.ended_at > now() - make_interval(secs => $3 / 1000.0))
