-- Purpose: what dashboards and people with SQL may read: the schema tollgate_report, and the role tollgate_reader that may read it and nothing
--            else. Which packages and models single people used is apart, in tollgate_report_people for the role tollgate_people_reader.
-- Guarantee: no secret is in it: no digest, hint, target, address or free text of a target's answer. Views only, so that nothing can be written
--            through it by a reader. The roles belong to the whole server: made once, by whichever database comes first; where the migrating
--            user may not make roles, a notice says so and everything else stands.
-- Parameters: none.

CREATE SCHEMA tollgate_report;
COMMENT ON SCHEMA tollgate_report IS 'Read-only views for dashboards; tollgate_reader may read them';

CREATE VIEW tollgate_report.person AS
SELECT a.id::text AS account, a.project::text AS project, p.department::text AS department, a.plan::text AS plan, a.kind, a.role, a.time_zone, a.disabled
  FROM tollgate.account a JOIN tollgate.project p ON p.id = a.project;
COMMENT ON VIEW tollgate_report.person IS 'Who there is: variables of dashboards ask here';
COMMENT ON COLUMN tollgate_report.person.account IS 'Name of the account';
COMMENT ON COLUMN tollgate_report.person.project IS 'Its project';
COMMENT ON COLUMN tollgate_report.person.department IS 'Its department';
COMMENT ON COLUMN tollgate_report.person.plan IS 'Its plan';
COMMENT ON COLUMN tollgate_report.person.kind IS 'person, ci, service or mirror';
COMMENT ON COLUMN tollgate_report.person.role IS 'member, lead or admin';
COMMENT ON COLUMN tollgate_report.person.time_zone IS 'Its zone';
COMMENT ON COLUMN tollgate_report.person.disabled IS 'True: its tokens are refused';

CREATE VIEW tollgate_report.use_by_hour AS
SELECT hour, department, project, account, surface, outcome_class, sum(entries) AS requests, sum(not_yet_final) AS not_yet_final,
         sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) / 1000 AS gpu_seconds
  FROM tollgate.usage_hour WHERE entries > 0 GROUP BY hour, department, project, account, surface, outcome_class;
COMMENT ON VIEW tollgate_report.use_by_hour IS 'Who used how much in which UTC hour, every request once; of which packages is in tollgate_report_people';
COMMENT ON COLUMN tollgate_report.use_by_hour.hour IS 'First instant of the hour';
COMMENT ON COLUMN tollgate_report.use_by_hour.department IS 'The department charged';
COMMENT ON COLUMN tollgate_report.use_by_hour.project IS 'The project charged';
COMMENT ON COLUMN tollgate_report.use_by_hour.account IS 'The account charged';
COMMENT ON COLUMN tollgate_report.use_by_hour.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate_report.use_by_hour.outcome_class IS 'charged, free, undelivered or unsettled';
COMMENT ON COLUMN tollgate_report.use_by_hour.requests IS 'Requests, whatever they were booked at';
COMMENT ON COLUMN tollgate_report.use_by_hour.not_yet_final IS 'How many of them may still change';
COMMENT ON COLUMN tollgate_report.use_by_hour.credits IS 'Credits';
COMMENT ON COLUMN tollgate_report.use_by_hour.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate_report.use_by_hour.gpu_seconds IS 'GPU time in seconds';

CREATE VIEW tollgate_report.use_of_project_resources_by_hour AS
SELECT h.hour, h.department, h.project, h.surface, h.resource, sum(h.entries) AS requests, sum(h.not_yet_final) AS not_yet_final,
         sum(h.credits) AS credits, sum(h.bytes) AS bytes, sum(h.gpu_ms) / 1000 AS gpu_seconds
  -- Whoever was ever charged in the project: their rows are found by the index of accounts.
  FROM (SELECT t.project, p.account FROM tollgate.usage_payer p JOIN tollgate.usage_team t ON t.id = p.team
         UNION
        SELECT project, account FROM tollgate.usage_moved) AS member
  JOIN tollgate.usage_hour h ON h.account = member.account AND h.project = member.project
 WHERE h.entries > 0 GROUP BY h.hour, h.department, h.project, h.surface, h.resource;
COMMENT ON VIEW tollgate_report.use_of_project_resources_by_hour IS 'How much of each package and model each project used in which UTC hour: name a project, for it reads what each of its accounts used';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.hour IS 'First instant of the hour';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.department IS 'The department charged';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.project IS 'The project charged';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.resource IS 'The package or the model; empty when there is none';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.requests IS 'Requests, whatever they were booked at';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.not_yet_final IS 'How many of them may still change';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.credits IS 'Credits';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate_report.use_of_project_resources_by_hour.gpu_seconds IS 'GPU time in seconds';

CREATE VIEW tollgate_report.use_by_day AS
SELECT start_at AS day, department, project, account, surface, sum(entries) AS requests, sum(not_yet_final) AS not_yet_final,
         sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) / 1000 AS gpu_seconds
  FROM (SELECT s.start_at, t.department, t.project, p.account, t.surface, s.entries, s.not_yet_final, s.credits, s.bytes, s.gpu_ms
          FROM tollgate.usage_payer_day s JOIN tollgate.usage_payer p ON p.id = s.payer JOIN tollgate.usage_team t ON t.id = p.team
         UNION ALL
        SELECT date_trunc('day', hour, 'UTC'), department, project, account, surface, entries, not_yet_final, credits, bytes, gpu_ms FROM tollgate.usage_moved) AS parts
 GROUP BY start_at, department, project, account, surface HAVING sum(entries) > 0;
COMMENT ON VIEW tollgate_report.use_by_day IS 'Who used how much on which UTC day; from sums that are kept, so that years are read at once';
COMMENT ON COLUMN tollgate_report.use_by_day.day IS 'First instant of the UTC day';
COMMENT ON COLUMN tollgate_report.use_by_day.department IS 'The department charged';
COMMENT ON COLUMN tollgate_report.use_by_day.project IS 'The project charged';
COMMENT ON COLUMN tollgate_report.use_by_day.account IS 'The account charged';
COMMENT ON COLUMN tollgate_report.use_by_day.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate_report.use_by_day.requests IS 'Requests, whatever they were booked at';
COMMENT ON COLUMN tollgate_report.use_by_day.not_yet_final IS 'How many of them may still change';
COMMENT ON COLUMN tollgate_report.use_by_day.credits IS 'Credits';
COMMENT ON COLUMN tollgate_report.use_by_day.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate_report.use_by_day.gpu_seconds IS 'GPU time in seconds';

CREATE VIEW tollgate_report.use_of_projects_by_hour AS
SELECT start_at AS hour, department, project, surface, sum(entries) AS requests, sum(not_yet_final) AS not_yet_final,
         sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) / 1000 AS gpu_seconds
  FROM (SELECT s.start_at, t.department, t.project, t.surface, s.entries, s.not_yet_final, s.credits, s.bytes, s.gpu_ms
          FROM tollgate.usage_team_hour s JOIN tollgate.usage_team t ON t.id = s.team
         UNION ALL
        SELECT hour, department, project, surface, entries, not_yet_final, credits, bytes, gpu_ms FROM tollgate.usage_moved) AS parts
 GROUP BY start_at, department, project, surface HAVING sum(entries) > 0;
COMMENT ON VIEW tollgate_report.use_of_projects_by_hour IS 'What each project used in which UTC hour; from sums that are kept';
COMMENT ON COLUMN tollgate_report.use_of_projects_by_hour.hour IS 'First instant of the hour';
COMMENT ON COLUMN tollgate_report.use_of_projects_by_hour.department IS 'The department charged';
COMMENT ON COLUMN tollgate_report.use_of_projects_by_hour.project IS 'The project charged';
COMMENT ON COLUMN tollgate_report.use_of_projects_by_hour.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate_report.use_of_projects_by_hour.requests IS 'Requests, whatever they were booked at';
COMMENT ON COLUMN tollgate_report.use_of_projects_by_hour.not_yet_final IS 'How many of them may still change';
COMMENT ON COLUMN tollgate_report.use_of_projects_by_hour.credits IS 'Credits';
COMMENT ON COLUMN tollgate_report.use_of_projects_by_hour.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate_report.use_of_projects_by_hour.gpu_seconds IS 'GPU time in seconds';

CREATE VIEW tollgate_report.use_of_resources_by_day AS
SELECT start_at AS day, department, surface, resource, sum(entries) AS requests, sum(not_yet_final) AS not_yet_final,
         sum(credits) AS credits, sum(bytes) AS bytes, sum(gpu_ms) / 1000 AS gpu_seconds
  FROM (SELECT s.start_at, d.department, r.surface, r.resource, s.entries, s.not_yet_final, s.credits, s.bytes, s.gpu_ms
          FROM tollgate.usage_resource_day s JOIN tollgate.usage_department d ON d.id = s.department JOIN tollgate.usage_resource r ON r.id = s.resource
         UNION ALL
        SELECT date_trunc('day', hour, 'UTC'), department, surface, resource, entries, not_yet_final, credits, bytes, gpu_ms FROM tollgate.usage_moved) AS parts
 GROUP BY start_at, department, surface, resource HAVING sum(entries) > 0;
COMMENT ON VIEW tollgate_report.use_of_resources_by_day IS 'How much of each package and model each department used on which UTC day; from sums that are kept';
COMMENT ON COLUMN tollgate_report.use_of_resources_by_day.day IS 'First instant of the UTC day';
COMMENT ON COLUMN tollgate_report.use_of_resources_by_day.department IS 'The department charged';
COMMENT ON COLUMN tollgate_report.use_of_resources_by_day.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate_report.use_of_resources_by_day.resource IS 'The package or the model; empty when there is none';
COMMENT ON COLUMN tollgate_report.use_of_resources_by_day.requests IS 'Requests, whatever they were booked at';
COMMENT ON COLUMN tollgate_report.use_of_resources_by_day.not_yet_final IS 'How many of them may still change';
COMMENT ON COLUMN tollgate_report.use_of_resources_by_day.credits IS 'Credits';
COMMENT ON COLUMN tollgate_report.use_of_resources_by_day.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate_report.use_of_resources_by_day.gpu_seconds IS 'GPU time in seconds';

CREATE VIEW tollgate_report.quota_now AS
SELECT l.account, l.project, l.department, l.limit_name, l.per, l.subject, l.counts, l.surface, l."window", l.time_zone, q.used,
         l.amount + coalesce(more.amount, 0) AS amount, coalesce(more.amount, 0) AS granted,
         CASE WHEN l.amount + coalesce(more.amount, 0) > 0 THEN round(100 * coalesce(q.used, 0) / (l.amount + coalesce(more.amount, 0)), 1) END AS percent,
         l.reset_at, l.shadow
  FROM (SELECT DISTINCT ON (a.id::text, l.name::text) a.id::text AS account, p.id::text AS project, p.department::text AS department, l.name::text AS limit_name,
               l.kind, l.per, l.counts, coalesce(l.surface, 'any') AS surface, l."window", l.amount, l.shadow, z.zone AS time_zone,
               CASE l.per WHEN 'account' THEN a.id WHEN 'project' THEN p.id ELSE p.department END::text AS subject,
               CASE l.per WHEN 'account' THEN a.partition WHEN 'project' THEN p.partition ELSE d.partition END AS partition,
               CASE l."window" WHEN 'week' THEN 'week_' || coalesce(l.week_starts, 'monday') ELSE l."window" END AS window_kind,
               (CASE l."window" WHEN 'week' THEN date_trunc('week', z.at - z.days) + z.days + interval '7 days'
                  ELSE date_trunc(l."window", z.at) + ('1 ' || l."window")::interval END) AT TIME ZONE z.zone AS reset_at
          FROM tollgate.account a
          JOIN tollgate.project p ON p.id = a.project
          JOIN tollgate.department d ON d.id = p.department
          JOIN tollgate.limit_rule l
            ON (l.applies_to_plan IS NULL OR l.applies_to_plan = a.plan) AND (l.applies_to_account IS NULL OR l.applies_to_account = a.id)
           AND (l.applies_to_project IS NULL OR l.applies_to_project = p.id) AND (l.applies_to_department IS NULL OR l.applies_to_department = p.department)
         CROSS JOIN LATERAL (
               SELECT coalesce(l.time_zone, a.time_zone) AS zone, now() AT TIME ZONE coalesce(l.time_zone, a.time_zone) AS at,
                      make_interval(days => array_position(ARRAY['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'],
                                    coalesce(l.week_starts, 'monday')) - 1) AS days) AS z
         ORDER BY a.id::text, l.name::text, l.applies_to_account IS NULL, l.applies_to_project IS NULL, l.applies_to_department IS NULL, l.applies_to_plan IS NULL) AS l
  LEFT JOIN tollgate.quota_usage q
    ON q.partition = l.partition AND q.subject_kind = l.per AND q.subject_id = l.subject AND q.surface = l.surface AND q.quantity = l.counts
   AND q.window_kind = l.window_kind AND q.time_zone = l.time_zone AND q.start_at <= now() AND q.end_at > now()
  LEFT JOIN LATERAL (
       SELECT sum(g.amount - g.spent) AS amount FROM tollgate.grant g
        WHERE g.limit_name = l.limit_name AND g.starts_at <= now() AND g.ends_at > now() AND (g.kind = 'raise' OR l.per = 'account')
          AND (g.account = l.account OR g.project = l.project OR g.department = l.department)) AS more ON true
 WHERE l.kind = 'quota' AND l.per IN ('account', 'project', 'department');
COMMENT ON VIEW tollgate_report.quota_now IS 'The quotas of each account in their running windows, as far as the books know: what was used seconds ago may not be in it yet. Quotas per token, per address and for everyone are left out, and so are rates and caps, which the store alone knows';
COMMENT ON COLUMN tollgate_report.quota_now.account IS 'The account it applies to';
COMMENT ON COLUMN tollgate_report.quota_now.project IS 'Its project';
COMMENT ON COLUMN tollgate_report.quota_now.department IS 'Its department';
COMMENT ON COLUMN tollgate_report.quota_now.limit_name IS 'Name of the limit';
COMMENT ON COLUMN tollgate_report.quota_now.per IS 'Whose counter: account, project or department';
COMMENT ON COLUMN tollgate_report.quota_now.subject IS 'Id of whose counter it is';
COMMENT ON COLUMN tollgate_report.quota_now.counts IS 'requests, credits or bytes';
COMMENT ON COLUMN tollgate_report.quota_now.surface IS 'pypi, gpu or any';
COMMENT ON COLUMN tollgate_report.quota_now."window" IS 'hour, day, week or month';
COMMENT ON COLUMN tollgate_report.quota_now.time_zone IS 'The zone that cuts the windows';
COMMENT ON COLUMN tollgate_report.quota_now.used IS 'Used so far in this window; NULL: the books keep no such counter yet';
COMMENT ON COLUMN tollgate_report.quota_now.amount IS 'The limit, with what was granted';
COMMENT ON COLUMN tollgate_report.quota_now.granted IS 'What grants and packs add now';
COMMENT ON COLUMN tollgate_report.quota_now.percent IS 'How much of it is used';
COMMENT ON COLUMN tollgate_report.quota_now.reset_at IS 'When the next window begins';
COMMENT ON COLUMN tollgate_report.quota_now.shadow IS 'True: never refuses';

CREATE VIEW tollgate_report.alert AS
SELECT id, type, level, at, account, project, department, limit_name, percent, used, amount, counts, window_start, reset_at, skipped, ended_at
  FROM tollgate.alert_event;
COMMENT ON VIEW tollgate_report.alert IS 'What people were told';
COMMENT ON COLUMN tollgate_report.alert.id IS 'Id of the event';
COMMENT ON COLUMN tollgate_report.alert.type IS 'level, recovered, forecast, token_expiring and others, see alert_event.type';
COMMENT ON COLUMN tollgate_report.alert.level IS 'info, warning, critical or exhausted';
COMMENT ON COLUMN tollgate_report.alert.at IS 'When it was found';
COMMENT ON COLUMN tollgate_report.alert.account IS 'The account it concerns';
COMMENT ON COLUMN tollgate_report.alert.project IS 'The project it concerns';
COMMENT ON COLUMN tollgate_report.alert.department IS 'The department it concerns';
COMMENT ON COLUMN tollgate_report.alert.limit_name IS 'The limit, where there is one';
COMMENT ON COLUMN tollgate_report.alert.percent IS 'The level that was reached';
COMMENT ON COLUMN tollgate_report.alert.used IS 'Used when it was found';
COMMENT ON COLUMN tollgate_report.alert.amount IS 'The limit then';
COMMENT ON COLUMN tollgate_report.alert.counts IS 'requests, credits, bytes or gpu_ms';
COMMENT ON COLUMN tollgate_report.alert.window_start IS 'First instant of the window';
COMMENT ON COLUMN tollgate_report.alert.reset_at IS 'First instant after the window, or the instant it is about';
COMMENT ON COLUMN tollgate_report.alert.skipped IS 'True: a jump passed this level, and only the highest one was told';
COMMENT ON COLUMN tollgate_report.alert.ended_at IS 'From then on it no longer stood';

CREATE VIEW tollgate_report.delivery AS
SELECT d.id, d.event, e.type, e.level, d.channel::text AS channel, c.kind AS channel_kind, c.account::text AS account, c.project::text AS project, c.department::text AS department, d.state, d.attempts,
         d.created_at, d.next_at, d.sent_at, d.error IS NOT NULL AS had_trouble
  FROM tollgate.alert_delivery d JOIN tollgate.alert_event e ON e.id = d.event JOIN tollgate.alert_channel c ON c.id = d.channel;
COMMENT ON VIEW tollgate_report.delivery IS 'Alerts on their way to channels';
COMMENT ON COLUMN tollgate_report.delivery.id IS 'Id of the delivery';
COMMENT ON COLUMN tollgate_report.delivery.event IS 'Id of the alert';
COMMENT ON COLUMN tollgate_report.delivery.type IS 'Its type';
COMMENT ON COLUMN tollgate_report.delivery.level IS 'Its level';
COMMENT ON COLUMN tollgate_report.delivery.channel IS 'Id of the channel';
COMMENT ON COLUMN tollgate_report.delivery.channel_kind IS 'webhook, email and others';
COMMENT ON COLUMN tollgate_report.delivery.account IS 'Whose channel it is';
COMMENT ON COLUMN tollgate_report.delivery.project IS 'Whose channel it is';
COMMENT ON COLUMN tollgate_report.delivery.department IS 'Whose channel it is';
COMMENT ON COLUMN tollgate_report.delivery.state IS 'pending, sending, sent, failed or resent';
COMMENT ON COLUMN tollgate_report.delivery.attempts IS 'How often it was tried';
COMMENT ON COLUMN tollgate_report.delivery.created_at IS 'When it was written';
COMMENT ON COLUMN tollgate_report.delivery.next_at IS 'Not tried before';
COMMENT ON COLUMN tollgate_report.delivery.sent_at IS 'When the target took it';
COMMENT ON COLUMN tollgate_report.delivery.had_trouble IS 'True: it did not go at the first try; tollgate alert deliveries tells why';

CREATE VIEW tollgate_report.channel AS
SELECT c.id::text AS channel, c.kind, c.account::text AS account, c.project::text AS project, c.department::text AS department, c.disabled, s.stopped_at, s.last_sent_at, s.last_error_at,
         (SELECT count(*) FROM tollgate.alert_delivery d WHERE d.channel = c.id AND d.state IN ('pending', 'sending')) AS waiting
  FROM tollgate.alert_channel c LEFT JOIN tollgate.alert_channel_state s ON s.channel = c.id;
COMMENT ON VIEW tollgate_report.channel IS 'How channels are doing';
COMMENT ON COLUMN tollgate_report.channel.channel IS 'Id of the channel';
COMMENT ON COLUMN tollgate_report.channel.kind IS 'webhook, email and others';
COMMENT ON COLUMN tollgate_report.channel.account IS 'Whose it is';
COMMENT ON COLUMN tollgate_report.channel.project IS 'Whose it is';
COMMENT ON COLUMN tollgate_report.channel.department IS 'Whose it is';
COMMENT ON COLUMN tollgate_report.channel.disabled IS 'True: nothing is sent';
COMMENT ON COLUMN tollgate_report.channel.stopped_at IS 'Set: the target is gone for good';
COMMENT ON COLUMN tollgate_report.channel.last_sent_at IS 'When it last took a message';
COMMENT ON COLUMN tollgate_report.channel.last_error_at IS 'When it last had trouble';
COMMENT ON COLUMN tollgate_report.channel.waiting IS 'Deliveries that wait';

CREATE VIEW tollgate_report.request AS
SELECT r.id::text AS id, r.asked_by::text AS asked_by, a.project::text AS project, p.department::text AS department, r.limit_name::text AS limit_name,
         coalesce(r.account, r.project, r.department)::text AS for_whom, r.amount, r.ends_at, r.reason, r.state, r.asked_at, r.decided_by::text AS decided_by, r.decided_at,
         extract(epoch FROM coalesce(r.decided_at, now()) - r.asked_at) AS waited_seconds
  FROM tollgate.quota_request r JOIN tollgate.account a ON a.id = r.asked_by JOIN tollgate.project p ON p.id = a.project;
COMMENT ON VIEW tollgate_report.request IS 'People asking for more, and what became of it';
COMMENT ON COLUMN tollgate_report.request.id IS 'Id of the request';
COMMENT ON COLUMN tollgate_report.request.asked_by IS 'The account that asked';
COMMENT ON COLUMN tollgate_report.request.project IS 'Its project';
COMMENT ON COLUMN tollgate_report.request.department IS 'Its department';
COMMENT ON COLUMN tollgate_report.request.limit_name IS 'The limit';
COMMENT ON COLUMN tollgate_report.request.for_whom IS 'The account, project or department it is for';
COMMENT ON COLUMN tollgate_report.request.amount IS 'How much more';
COMMENT ON COLUMN tollgate_report.request.ends_at IS 'Until when';
COMMENT ON COLUMN tollgate_report.request.reason IS 'What for, in the asker''s words';
COMMENT ON COLUMN tollgate_report.request.state IS 'open, approved, declined, withdrawn or expired';
COMMENT ON COLUMN tollgate_report.request.asked_at IS 'When';
COMMENT ON COLUMN tollgate_report.request.decided_by IS 'The account that decided; NULL: the operator, or nobody yet';
COMMENT ON COLUMN tollgate_report.request.decided_at IS 'When it was decided';
COMMENT ON COLUMN tollgate_report.request.waited_seconds IS 'From asking to the decision, or until now';

CREATE VIEW tollgate_report.grant_now AS
SELECT g.id::text AS id, g.kind, g.limit_name::text AS limit_name, g.account::text AS account, g.project::text AS project, g.department::text AS department, g.amount, g.amount - g.spent AS left_over, g.starts_at, g.ends_at
  FROM tollgate.grant g WHERE g.starts_at <= now() AND g.ends_at > now();
COMMENT ON VIEW tollgate_report.grant_now IS 'Grants and packs that count now';
COMMENT ON COLUMN tollgate_report.grant_now.id IS 'Id of the grant';
COMMENT ON COLUMN tollgate_report.grant_now.kind IS 'raise or pack';
COMMENT ON COLUMN tollgate_report.grant_now.limit_name IS 'The limit';
COMMENT ON COLUMN tollgate_report.grant_now.account IS 'Granted to this account';
COMMENT ON COLUMN tollgate_report.grant_now.project IS 'Granted to each account of this project';
COMMENT ON COLUMN tollgate_report.grant_now.department IS 'Granted to each account of this department';
COMMENT ON COLUMN tollgate_report.grant_now.amount IS 'How much more';
COMMENT ON COLUMN tollgate_report.grant_now.left_over IS 'Of a pack what is left when the running window began, else the amount';
COMMENT ON COLUMN tollgate_report.grant_now.starts_at IS 'Counts from then';
COMMENT ON COLUMN tollgate_report.grant_now.ends_at IS 'until then';

CREATE VIEW tollgate_report.refusal AS
SELECT hour, department, project, account, surface, limit_name, cause, sum(count) AS refusals, min(first_at) AS first_at, max(last_at) AS last_at
  FROM tollgate.refusal_hour GROUP BY hour, department, project, account, surface, limit_name, cause;
COMMENT ON VIEW tollgate_report.refusal IS 'How often somebody was refused in which UTC hour, and why; not exact, see refusal_hour. Of which packages is in tollgate_report_people';
COMMENT ON COLUMN tollgate_report.refusal.hour IS 'First instant of the hour';
COMMENT ON COLUMN tollgate_report.refusal.department IS 'The department then';
COMMENT ON COLUMN tollgate_report.refusal.project IS 'The project then';
COMMENT ON COLUMN tollgate_report.refusal.account IS 'Who was refused';
COMMENT ON COLUMN tollgate_report.refusal.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate_report.refusal.limit_name IS 'The limit that refused; empty when none did';
COMMENT ON COLUMN tollgate_report.refusal.cause IS 'quota, rate, denied and others';
COMMENT ON COLUMN tollgate_report.refusal.refusals IS 'How often';
COMMENT ON COLUMN tollgate_report.refusal.first_at IS 'First time in this hour';
COMMENT ON COLUMN tollgate_report.refusal.last_at IS 'Last time in this hour';

CREATE VIEW tollgate_report.token AS
SELECT t.id::text AS token, t.account::text AS account, a.project::text AS project, p.department::text AS department, t.created_at, t.expires_at, u.last_used_at
  FROM tollgate.token t JOIN tollgate.account a ON a.id = t.account JOIN tollgate.project p ON p.id = a.project LEFT JOIN tollgate.token_use u ON u.token = t.id
 WHERE t.revoked_at IS NULL AND t.expires_at > now();
COMMENT ON VIEW tollgate_report.token IS 'Tokens that are neither expired nor revoked, without what could be used of them';
COMMENT ON COLUMN tollgate_report.token.token IS 'Id of the token';
COMMENT ON COLUMN tollgate_report.token.account IS 'Whose it is';
COMMENT ON COLUMN tollgate_report.token.project IS 'Its project';
COMMENT ON COLUMN tollgate_report.token.department IS 'Its department';
COMMENT ON COLUMN tollgate_report.token.created_at IS 'When it was issued';
COMMENT ON COLUMN tollgate_report.token.expires_at IS 'From then on it is refused';
COMMENT ON COLUMN tollgate_report.token.last_used_at IS 'When it last paid for a request';

CREATE VIEW tollgate_report.policy_change AS
SELECT at, by, table_name, key, CASE WHEN old IS NULL THEN 'added' WHEN new IS NULL THEN 'removed' ELSE 'changed' END AS what FROM tollgate.policy_change;
COMMENT ON VIEW tollgate_report.policy_change IS 'Who changed which row of policy when; the values are in tollgate.policy_change';
COMMENT ON COLUMN tollgate_report.policy_change.at IS 'When';
COMMENT ON COLUMN tollgate_report.policy_change.by IS 'Who';
COMMENT ON COLUMN tollgate_report.policy_change.table_name IS 'The table';
COMMENT ON COLUMN tollgate_report.policy_change.key IS 'Id of the row';
COMMENT ON COLUMN tollgate_report.policy_change.what IS 'added, changed or removed';

CREATE VIEW tollgate_report.books AS
SELECT (SELECT max(moved_at) FROM tollgate.ledger_checkpoint) AS last_booked_at, (SELECT count(*) FROM tollgate.usage_moved) AS sums_behind,
         (SELECT min(hour) FROM tollgate.usage_hour) AS hours_from, (SELECT count(*) FROM tollgate.alert_event WHERE routed_at IS NULL AND NOT skipped) AS alerts_unrouted;
COMMENT ON VIEW tollgate_report.books IS 'How the books are doing: one row';
COMMENT ON COLUMN tollgate_report.books.last_booked_at IS 'When a charge was last booked';
COMMENT ON COLUMN tollgate_report.books.sums_behind IS 'Differences that the sums of reports do not hold yet; reports add them';
COMMENT ON COLUMN tollgate_report.books.hours_from IS 'The oldest hour that is kept';
COMMENT ON COLUMN tollgate_report.books.alerts_unrouted IS 'Alerts whose deliveries are not written yet';

CREATE SCHEMA tollgate_report_people;
COMMENT ON SCHEMA tollgate_report_people IS 'Read-only views of what single people used: for themselves and for administrators; tollgate_people_reader may read them';

CREATE VIEW tollgate_report_people.use_by_hour AS
SELECT hour, department, project, account, surface, resource, outcome_class, entries AS requests, not_yet_final, credits, bytes, gpu_ms / 1000 AS gpu_seconds
  FROM tollgate.usage_hour WHERE entries > 0;
COMMENT ON VIEW tollgate_report_people.use_by_hour IS 'Who used which package or model in which UTC hour, every request once';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.hour IS 'First instant of the hour';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.department IS 'The department charged';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.project IS 'The project charged';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.account IS 'The account charged';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.resource IS 'The package or the model; empty when there is none';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.outcome_class IS 'charged, free, undelivered or unsettled';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.requests IS 'Requests, whatever they were booked at';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.not_yet_final IS 'How many of them may still change';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.credits IS 'Credits';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate_report_people.use_by_hour.gpu_seconds IS 'GPU time in seconds';

CREATE VIEW tollgate_report_people.refusal AS
SELECT hour, department, project, account, surface, resource, limit_name, cause, count AS refusals, first_at, last_at FROM tollgate.refusal_hour;
COMMENT ON VIEW tollgate_report_people.refusal IS 'How often what was refused to whom in which UTC hour; not exact, see refusal_hour';
COMMENT ON COLUMN tollgate_report_people.refusal.hour IS 'First instant of the hour';
COMMENT ON COLUMN tollgate_report_people.refusal.department IS 'The department then';
COMMENT ON COLUMN tollgate_report_people.refusal.project IS 'The project then';
COMMENT ON COLUMN tollgate_report_people.refusal.account IS 'Who was refused';
COMMENT ON COLUMN tollgate_report_people.refusal.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate_report_people.refusal.resource IS 'The package or model; empty when there is none';
COMMENT ON COLUMN tollgate_report_people.refusal.limit_name IS 'The limit that refused; empty when none did';
COMMENT ON COLUMN tollgate_report_people.refusal.cause IS 'quota, rate, denied and others';
COMMENT ON COLUMN tollgate_report_people.refusal.refusals IS 'How often';
COMMENT ON COLUMN tollgate_report_people.refusal.first_at IS 'First time in this hour';
COMMENT ON COLUMN tollgate_report_people.refusal.last_at IS 'Last time in this hour';

DO $$
DECLARE
  reader text;
BEGIN
  FOREACH reader IN ARRAY ARRAY['tollgate_reader', 'tollgate_people_reader'] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = reader);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', reader);
    EXCEPTION
      -- Another database of this server came first.
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN
        RAISE NOTICE 'This user may not make roles. Somebody who may: CREATE ROLE % NOLOGIN; then here: SELECT tollgate.let_readers_in()', reader;
    END;
  END LOOP;
END
$$;

CREATE FUNCTION tollgate.let_readers_in() RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  reader text;
  place text;
BEGIN
  FOR reader, place IN VALUES ('tollgate_reader', 'tollgate_report'), ('tollgate_people_reader', 'tollgate_report'),
                              ('tollgate_people_reader', 'tollgate_report_people') LOOP
    CONTINUE WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = reader);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', place, reader);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', place, reader);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO %I', place, reader);
  END LOOP;
  RETURN (SELECT count(*) = 2 FROM pg_catalog.pg_roles WHERE rolname IN ('tollgate_reader', 'tollgate_people_reader'));
END
$$;
COMMENT ON FUNCTION tollgate.let_readers_in IS 'Lets the role tollgate_reader read the views of tollgate_report, and tollgate_people_reader those of tollgate_report_people too, also those to come. False: one of the roles is not there. Migrating calls it; call it once more when a role is made later.';
SELECT tollgate.let_readers_in();
