-- Purpose: add a channel.
-- Parameters: $1 JSON object, fields as the columns.
INSERT INTO tollgate.alert_channel (id, kind, account, project, department, target, target_hint, secret, language, time_zone, types, percent_min,
       private_target, disabled, note, set_by_another)
SELECT id, kind, account, project, department, target, target_hint, secret, language, time_zone, types, percent_min, private_target, disabled,
       note, set_by_another
  FROM jsonb_to_record($1::jsonb) AS (
       id text, kind text, account text, project text, department text, target text, target_hint text, secret text, language text,
       time_zone text, types text[], percent_min integer, private_target boolean, disabled boolean, note text,
       set_by_another boolean)
