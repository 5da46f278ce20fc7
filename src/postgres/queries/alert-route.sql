-- Purpose: write the deliveries of events that have none yet.
-- Guarantee: one statement: an event is routed with all of its deliveries or not at all, once, whoever else routes meanwhile. A channel hears
--            what concerns its account, its project, its department, or everything when it belongs to nobody. Who may decide hears of
--            request_asked in their own mail, who asked does not; who asked and who decided hear of request_decided.
--            Nobody hears that a level is over who wanted to hear of none so low.
-- Parameters: $1 how many events.
-- Answers how many events were routed and how many deliveries were written.
WITH batch AS MATERIALIZED (
  SELECT e.id, e.type, e.percent, e.only_channel, e.account, e.data ->> 'askedBy' AS asked_by, e.data ->> 'decidedBy' AS decided_by,
         coalesce(e.project, a.project) AS project, e.department
    FROM tollgate.alert_event e LEFT JOIN tollgate.account a ON a.id = e.account
   WHERE e.routed_at IS NULL AND NOT e.skipped
   ORDER BY e.at LIMIT $1 FOR UPDATE OF e SKIP LOCKED
), event AS (
  SELECT b.*, coalesce(b.department, p.department) AS whole_department FROM batch b LEFT JOIN tollgate.project p ON p.id = b.project
), hearer AS (
  SELECT e.id AS event, c.id AS channel
    FROM event e CROSS JOIN LATERAL (
      SELECT c.* FROM tollgate.alert_channel c WHERE e.only_channel IS NOT NULL AND c.id = e.only_channel
      UNION ALL
      SELECT c.* FROM tollgate.alert_channel c
       WHERE e.only_channel IS NULL AND e.type <> 'request_asked' AND c.account = e.account
      UNION ALL
      SELECT c.* FROM tollgate.alert_channel c
       WHERE e.only_channel IS NULL AND e.type = 'request_decided' AND c.account IN (e.asked_by, e.decided_by)
      UNION ALL
      SELECT c.* FROM tollgate.account d JOIN tollgate.alert_channel c ON c.account = d.id AND c.kind = 'email'
       WHERE e.only_channel IS NULL AND e.type = 'request_asked' AND NOT d.disabled
         AND (d.role = 'admin' OR d.role = 'lead' AND d.project = e.project)
         AND d.id IS DISTINCT FROM e.account AND d.id IS DISTINCT FROM e.asked_by
      UNION ALL
      SELECT c.* FROM tollgate.alert_channel c WHERE e.only_channel IS NULL AND c.project = e.project
      UNION ALL
      SELECT c.* FROM tollgate.alert_channel c WHERE e.only_channel IS NULL AND c.department = e.whole_department
      UNION ALL
      SELECT c.* FROM tollgate.alert_channel c
       WHERE e.only_channel IS NULL AND c.account IS NULL AND c.project IS NULL AND c.department IS NULL
    ) c LEFT JOIN tollgate.alert_channel_state s ON s.channel = c.id
   WHERE NOT c.disabled AND s.stopped_at IS NULL
     AND (e.only_channel IS NOT NULL
          OR (c.types IS NULL OR e.type = ANY (c.types))
             AND (e.type NOT IN ('level', 'recovered') OR e.percent >= c.percent_min))
), written AS (
  INSERT INTO tollgate.alert_delivery (event, channel)
  SELECT DISTINCT event, channel FROM hearer
      ON CONFLICT (event, channel) WHERE state <> 'resent' DO NOTHING
  RETURNING 1
), routed AS (
  UPDATE tollgate.alert_event e SET routed_at = clock_timestamp() FROM batch b WHERE e.id = b.id
  RETURNING 1
)
SELECT (SELECT count(*)::int FROM routed) AS events, (SELECT count(*)::int FROM written) AS deliveries
