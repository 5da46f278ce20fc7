-- Purpose: whom to tell what: rules of levels, channels, events, and their deliveries.
-- Guarantee: an event has one row however often it is written, because its key is unique while it stands; a delivery is there once per event
--            and channel. Rules and channels are policy: recorded, versioned, written by plain SQL. Events and deliveries are not.

CREATE TABLE tollgate.alert_rule (
  id tollgate.slug NOT NULL CONSTRAINT alert_rule_id_is_unique PRIMARY KEY,
  limit_name tollgate.slug,
  account tollgate.slug CONSTRAINT alert_rule_account_exists REFERENCES tollgate.account ON UPDATE CASCADE ON DELETE CASCADE,
  project tollgate.slug CONSTRAINT alert_rule_project_exists REFERENCES tollgate.project ON UPDATE CASCADE ON DELETE CASCADE,
  department tollgate.slug CONSTRAINT alert_rule_department_exists REFERENCES tollgate.department ON UPDATE CASCADE ON DELETE CASCADE,
  plan tollgate.slug CONSTRAINT alert_rule_plan_exists REFERENCES tollgate.plan ON UPDATE CASCADE ON DELETE CASCADE,
  percents integer[] NOT NULL,
  note text NOT NULL DEFAULT '',
  CONSTRAINT alert_rule_is_for_one_thing_at_most CHECK (num_nonnulls(account, project, department, plan) <= 1),
  CONSTRAINT alert_rule_has_at_most_10_percents CHECK (cardinality(percents) <= 10 AND array_position(percents, NULL) IS NULL),
  CONSTRAINT alert_rule_percents_are_1_to_1000 CHECK (1 <= ALL (percents) AND 1000 >= ALL (percents)),
  CONSTRAINT alert_rule_note_is_short CHECK (length(note) <= 500)
);
CREATE INDEX alert_rule_account ON tollgate.alert_rule (account);
CREATE INDEX alert_rule_project ON tollgate.alert_rule (project);
CREATE INDEX alert_rule_department ON tollgate.alert_rule (department);
CREATE INDEX alert_rule_plan ON tollgate.alert_rule (plan);
COMMENT ON TABLE tollgate.alert_rule IS 'At which percentages of a quota people are told. Of the rows that match, the most specific counts: account over project over department over plan over neither, and of equals the one that names the limit. Without a row: 80, 95 and 100.';
COMMENT ON COLUMN tollgate.alert_rule.id IS 'Name of this row.';
COMMENT ON COLUMN tollgate.alert_rule.limit_name IS 'limit_rule.name of the limit. NULL: every quota.';
COMMENT ON COLUMN tollgate.alert_rule.account IS 'For the limits of this account. At most one of account, project, department and plan is set.';
COMMENT ON COLUMN tollgate.alert_rule.project IS 'For the limits of this project and of each of its accounts.';
COMMENT ON COLUMN tollgate.alert_rule.department IS 'For the limits of this department and of each of its projects and accounts.';
COMMENT ON COLUMN tollgate.alert_rule.plan IS 'For the limits of each account of this plan.';
COMMENT ON COLUMN tollgate.alert_rule.percents IS 'Such as {80,95,100}. From 100 on it is called exhausted, from 90 on critical, below warning. Empty: nobody is told.';
COMMENT ON COLUMN tollgate.alert_rule.note IS 'For people; Tollgate does not read it.';

CREATE TABLE tollgate.alert_channel (
  id tollgate.slug NOT NULL CONSTRAINT alert_channel_id_is_unique PRIMARY KEY,
  kind text NOT NULL,
  account tollgate.slug CONSTRAINT alert_channel_account_exists REFERENCES tollgate.account ON UPDATE CASCADE ON DELETE CASCADE,
  project tollgate.slug CONSTRAINT alert_channel_project_exists REFERENCES tollgate.project ON UPDATE CASCADE ON DELETE CASCADE,
  department tollgate.slug CONSTRAINT alert_channel_department_exists REFERENCES tollgate.department ON UPDATE CASCADE ON DELETE CASCADE,
  target text NOT NULL,
  target_hint text,
  secret text,
  former_secret text,
  former_secret_until timestamptz,
  language text NOT NULL DEFAULT 'en',
  time_zone text,
  types text[],
  percent_min integer NOT NULL DEFAULT 0,
  private_target boolean NOT NULL DEFAULT false,
  disabled boolean NOT NULL DEFAULT false,
  note text NOT NULL DEFAULT '',
  CONSTRAINT alert_channel_kind_is_known CHECK (kind IN ('webhook', 'wecom', 'dingtalk', 'feishu', 'slack', 'email', 'alertmanager')),
  CONSTRAINT alert_channel_is_for_one_thing_at_most CHECK (num_nonnulls(account, project, department) <= 1),
  CONSTRAINT alert_channel_target_is_one_line CHECK (target ~ '^[^[:space:]]+$' AND length(target) BETWEEN 3 AND 2000),
  CONSTRAINT alert_channel_mail_goes_to_an_address CHECK (kind <> 'email' OR target ~ '^[^@[:space:]<>,;]{1,64}@[A-Za-z0-9.-]{1,190}$'),
  CONSTRAINT alert_channel_target_hint_is_short CHECK (length(target_hint) <= 200),
  CONSTRAINT alert_channel_secret_is_short CHECK (length(secret) BETWEEN 1 AND 2000 AND length(former_secret) BETWEEN 1 AND 2000),
  CONSTRAINT alert_channel_language_is_known CHECK (language IN ('en', 'zh')),
  CONSTRAINT alert_channel_time_zone_is_known CHECK (tollgate.is_time_zone(time_zone)),
  CONSTRAINT alert_channel_has_at_most_20_types CHECK (cardinality(types) BETWEEN 1 AND 20),
  CONSTRAINT alert_channel_percent_min_is_0_to_1000 CHECK (percent_min BETWEEN 0 AND 1000),
  CONSTRAINT alert_channel_note_is_short CHECK (length(note) <= 500)
);
CREATE INDEX alert_channel_account ON tollgate.alert_channel (account);
CREATE INDEX alert_channel_project ON tollgate.alert_channel (project);
CREATE INDEX alert_channel_department ON tollgate.alert_channel (department);
CREATE INDEX alert_channel_of_nobody ON tollgate.alert_channel (id) WHERE account IS NULL AND project IS NULL AND department IS NULL;
COMMENT ON TABLE tollgate.alert_channel IS 'Where people are told. A row for an account hears what concerns this account; for a project, what concerns it and its accounts; for a department, all of it; for neither, everything.';
COMMENT ON COLUMN tollgate.alert_channel.id IS 'Name of this row.';
COMMENT ON COLUMN tollgate.alert_channel.kind IS 'webhook, wecom, dingtalk, feishu, slack, email or alertmanager.';
COMMENT ON COLUMN tollgate.alert_channel.account IS 'Belongs to this account. At most one of account, project and department is set.';
COMMENT ON COLUMN tollgate.alert_channel.project IS 'Belongs to this project.';
COMMENT ON COLUMN tollgate.alert_channel.department IS 'Belongs to this department.';
COMMENT ON COLUMN tollgate.alert_channel.target IS 'Where to send: an https URL, or a mail address. The URL of a robot is a secret by itself: write env:NAME or file:/path instead, or let the command line or the API seal it.';
COMMENT ON COLUMN tollgate.alert_channel.target_hint IS 'What people are shown of a sealed target: its host and last characters. The command line and the API write it.';
COMMENT ON COLUMN tollgate.alert_channel.secret IS 'What messages are signed with: whsec_… of a webhook, the signing secret of a robot. As env:NAME, file:/path, sealed:… or plain.';
COMMENT ON COLUMN tollgate.alert_channel.former_secret IS 'The secret before: a webhook is signed with both until former_secret_until.';
COMMENT ON COLUMN tollgate.alert_channel.former_secret_until IS 'From this instant on the former secret counts for nothing.';
COMMENT ON COLUMN tollgate.alert_channel.language IS 'en or zh.';
COMMENT ON COLUMN tollgate.alert_channel.time_zone IS 'Times are written in this zone. NULL: in the zone of the account that the channel belongs to, else of the account it is about, else of the limit, else UTC.';
COMMENT ON COLUMN tollgate.alert_channel.types IS 'Only events of these types, see alert_event.type. NULL: of all.';
COMMENT ON COLUMN tollgate.alert_channel.percent_min IS 'Of level events only those from this percentage on.';
COMMENT ON COLUMN tollgate.alert_channel.private_target IS 'True: the target may be plain http or on a private network. For administrators to set.';
COMMENT ON COLUMN tollgate.alert_channel.disabled IS 'True: nothing is sent.';
COMMENT ON COLUMN tollgate.alert_channel.note IS 'For people; Tollgate does not read it.';
INSERT INTO tollgate.secret_column VALUES
  ('alert_channel', 'target'), ('alert_channel', 'secret'), ('alert_channel', 'former_secret');

DO $$
DECLARE
  tracked text;
BEGIN
  FOREACH tracked IN ARRAY ARRAY['alert_rule', 'alert_channel'] LOOP
    EXECUTE format('CREATE TRIGGER insert_is_recorded AFTER INSERT ON tollgate.%I REFERENCING NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id)', tracked);
    EXECUTE format('CREATE TRIGGER update_is_recorded AFTER UPDATE ON tollgate.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id)', tracked);
    EXECUTE format('CREATE TRIGGER delete_is_recorded AFTER DELETE ON tollgate.%I REFERENCING OLD TABLE AS old_rows
      FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id)', tracked);
    EXECUTE format('CREATE TRIGGER truncate_is_recorded BEFORE TRUNCATE ON tollgate.%I
      FOR EACH STATEMENT EXECUTE FUNCTION tollgate.record_change(id)', tracked);
  END LOOP;
END
$$;

CREATE TABLE tollgate.alert_channel_state (
  channel tollgate.slug NOT NULL CONSTRAINT alert_channel_state_has_one_row_per_channel PRIMARY KEY
    CONSTRAINT alert_channel_state_channel_exists REFERENCES tollgate.alert_channel ON UPDATE CASCADE ON DELETE CASCADE,
  stopped_at timestamptz,
  stopped_why text,
  rests_until timestamptz,
  failures integer NOT NULL DEFAULT 0,
  last_sent_at timestamptz,
  last_error text,
  last_error_at timestamptz
);
COMMENT ON TABLE tollgate.alert_channel_state IS 'How a channel is doing. Kept apart from alert_channel, because nothing that traffic changes lives in a policy table.';
COMMENT ON COLUMN tollgate.alert_channel_state.channel IS 'The channel.';
COMMENT ON COLUMN tollgate.alert_channel_state.stopped_at IS 'Set: the target said that it is gone for good (410, a removed robot), so nothing more is sent until somebody says that it is back: tollgate channel resume.';
COMMENT ON COLUMN tollgate.alert_channel_state.stopped_why IS 'What the target said.';
COMMENT ON COLUMN tollgate.alert_channel_state.rests_until IS 'Nothing is tried before: the target did not answer, asked for time, or has had as many messages as it takes in a minute.';
COMMENT ON COLUMN tollgate.alert_channel_state.failures IS 'How often in a row it could not be reached.';
COMMENT ON COLUMN tollgate.alert_channel_state.last_sent_at IS 'When it last took a message.';
COMMENT ON COLUMN tollgate.alert_channel_state.last_error IS 'Its last trouble in words.';
COMMENT ON COLUMN tollgate.alert_channel_state.last_error_at IS 'When that was.';

CREATE TABLE tollgate.alert_target_pace (
  target text NOT NULL CONSTRAINT alert_target_pace_has_one_row_per_target PRIMARY KEY,
  used_at timestamptz[] NOT NULL,
  CONSTRAINT alert_target_pace_is_bounded CHECK (cardinality(used_at) <= 1000)
);
COMMENT ON TABLE tollgate.alert_target_pace IS 'When messages last went to targets that take only so many a minute, so that several processes and channels together send no more.';
COMMENT ON COLUMN tollgate.alert_target_pace.target IS 'SHA-256 of alert_channel.target, lower-case hex.';
COMMENT ON COLUMN tollgate.alert_target_pace.used_at IS 'Those of the last minute.';

CREATE TABLE tollgate.alert_event (
  id text NOT NULL DEFAULT 'evt_' || replace(gen_random_uuid()::text, '-', '') CONSTRAINT alert_event_id_is_unique PRIMARY KEY,
  key text NOT NULL,
  type text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  account text,
  project text,
  department text,
  limit_name text,
  subject_kind text,
  subject_id text,
  surface text,
  counts text,
  window_kind text,
  time_zone text,
  window_start timestamptz,
  reset_at timestamptz,
  used numeric(25, 3),
  amount numeric(25, 3),
  percent integer,
  level text,
  data jsonb NOT NULL DEFAULT '{}',
  only_channel text,
  skipped boolean NOT NULL DEFAULT false,
  ended_at timestamptz,
  routed_at timestamptz,
  CONSTRAINT alert_event_type_is_known CHECK (type IN (
    'level', 'recovered', 'forecast', 'token_expiring', 'token_networks', 'request_asked', 'request_decided', 'grant_ending',
    'policy_quarantined', 'ledger_lag', 'channel_stopped', 'test')),
  CONSTRAINT alert_event_level_is_known CHECK (level IN ('info', 'warning', 'critical', 'exhausted')),
  CONSTRAINT alert_event_id_is_short CHECK (length(id) BETWEEN 1 AND 64)
);
CREATE UNIQUE INDEX alert_event_stands_once_per_key ON tollgate.alert_event (key) WHERE ended_at IS NULL;
CREATE INDEX alert_event_unrouted ON tollgate.alert_event (at) WHERE routed_at IS NULL AND NOT skipped;
CREATE INDEX alert_event_by_time ON tollgate.alert_event (at);
CREATE INDEX alert_event_by_account ON tollgate.alert_event (account, at);
CREATE INDEX alert_event_by_project ON tollgate.alert_event (project, at);
CREATE INDEX alert_event_by_department ON tollgate.alert_event (department, at);
CREATE INDEX alert_event_standing_levels ON tollgate.alert_event (reset_at) WHERE type = 'level' AND ended_at IS NULL;
COMMENT ON TABLE tollgate.alert_event IS 'What people are to be told, once each.';
COMMENT ON COLUMN tollgate.alert_event.id IS 'The same in every delivery and every repetition, so that a receiver knows it again.';
COMMENT ON COLUMN tollgate.alert_event.key IS 'What makes it the same event: type, subject, limit, window and level, or what the type knows it by. Unique while it stands.';
COMMENT ON COLUMN tollgate.alert_event.type IS 'level, recovered, forecast, token_expiring, token_networks, request_asked, request_decided, grant_ending, policy_quarantined, ledger_lag, channel_stopped or test.';
COMMENT ON COLUMN tollgate.alert_event.at IS 'When it was found.';
COMMENT ON COLUMN tollgate.alert_event.account IS 'The account it concerns. NULL in account, project and department: the installation.';
COMMENT ON COLUMN tollgate.alert_event.project IS 'The project it concerns, with or without an account.';
COMMENT ON COLUMN tollgate.alert_event.department IS 'The department it concerns.';
COMMENT ON COLUMN tollgate.alert_event.limit_name IS 'The limit, where there is one.';
COMMENT ON COLUMN tollgate.alert_event.subject_kind IS 'Whose counter: account, project, department, token or everyone.';
COMMENT ON COLUMN tollgate.alert_event.subject_id IS 'Its id.';
COMMENT ON COLUMN tollgate.alert_event.surface IS 'pypi, gpu or any.';
COMMENT ON COLUMN tollgate.alert_event.counts IS 'requests, credits, bytes or gpu_ms.';
COMMENT ON COLUMN tollgate.alert_event.window_kind IS 'hour, day, month, or week_ and the day it begins on.';
COMMENT ON COLUMN tollgate.alert_event.time_zone IS 'The zone that cuts the window, or the person''s.';
COMMENT ON COLUMN tollgate.alert_event.window_start IS 'First instant of the window.';
COMMENT ON COLUMN tollgate.alert_event.reset_at IS 'First instant after the window; of other types the instant it is about.';
COMMENT ON COLUMN tollgate.alert_event.used IS 'Used when it was found, in the unit of SQL.';
COMMENT ON COLUMN tollgate.alert_event.amount IS 'The limit then, grants among it, in the unit of SQL.';
COMMENT ON COLUMN tollgate.alert_event.percent IS 'The level that was reached, as alert_rule.percents has it.';
COMMENT ON COLUMN tollgate.alert_event.level IS 'info, warning, critical or exhausted.';
COMMENT ON COLUMN tollgate.alert_event.data IS 'What else the words of its type need.';
COMMENT ON COLUMN tollgate.alert_event.only_channel IS 'Set: told to this channel and no other.';
COMMENT ON COLUMN tollgate.alert_event.skipped IS 'True: a jump passed this level, and only the highest one is told.';
COMMENT ON COLUMN tollgate.alert_event.ended_at IS 'From then on it no longer stood: the limit was raised, or the trouble was over. The same may then be told anew.';
COMMENT ON COLUMN tollgate.alert_event.routed_at IS 'When its deliveries were written.';

CREATE TABLE tollgate.alert_delivery (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alert_delivery_id_is_unique PRIMARY KEY,
  event text NOT NULL CONSTRAINT alert_delivery_event_exists REFERENCES tollgate.alert_event ON DELETE CASCADE,
  channel tollgate.slug NOT NULL CONSTRAINT alert_delivery_channel_exists REFERENCES tollgate.alert_channel ON UPDATE CASCADE ON DELETE CASCADE,
  state text NOT NULL DEFAULT 'pending',
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  held_by text,
  held_until timestamptz,
  sent_at timestamptz,
  sent_with bigint,
  error text,
  CONSTRAINT alert_delivery_state_is_known CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'resent'))
);
CREATE UNIQUE INDEX alert_delivery_is_there_once ON tollgate.alert_delivery (event, channel) WHERE state <> 'resent';
CREATE INDEX alert_delivery_due ON tollgate.alert_delivery (channel, next_at) WHERE state IN ('pending', 'sending');
CREATE INDEX alert_delivery_by_state ON tollgate.alert_delivery (state, id);
CREATE INDEX alert_delivery_by_channel ON tollgate.alert_delivery (channel, id);
CREATE INDEX alert_delivery_by_event ON tollgate.alert_delivery (event);
COMMENT ON TABLE tollgate.alert_delivery IS 'One event on its way to one channel: at least once, with the same id.';
COMMENT ON COLUMN tollgate.alert_delivery.id IS 'Only identifies the row.';
COMMENT ON COLUMN tollgate.alert_delivery.event IS 'What is told.';
COMMENT ON COLUMN tollgate.alert_delivery.channel IS 'Where.';
COMMENT ON COLUMN tollgate.alert_delivery.state IS 'pending: waits for next_at. sending: a process has it until held_until. sent: taken. failed: given up, for people to look at. resent: another row took its place.';
COMMENT ON COLUMN tollgate.alert_delivery.attempts IS 'How often it was tried.';
COMMENT ON COLUMN tollgate.alert_delivery.created_at IS 'When it was written.';
COMMENT ON COLUMN tollgate.alert_delivery.next_at IS 'Not tried before. While a process has it: held_until.';
COMMENT ON COLUMN tollgate.alert_delivery.held_by IS 'The process that has it.';
COMMENT ON COLUMN tollgate.alert_delivery.held_until IS 'Until then; afterwards another may take it.';
COMMENT ON COLUMN tollgate.alert_delivery.sent_at IS 'When the target took it.';
COMMENT ON COLUMN tollgate.alert_delivery.sent_with IS 'The delivery whose message told this one too, when several went as one digest.';
COMMENT ON COLUMN tollgate.alert_delivery.error IS 'What the target last said, or why it could not be reached.';
