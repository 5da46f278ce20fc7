-- Purpose: change a channel.
-- Guarantee: whose it is and of what kind never changes here; a secret that is replaced goes on counting for 24 hours where that is asked for.
-- Parameters: $1 JSON object, fields as the columns; $2 replaced: the secret so far becomes the former one; kept: the former one stays; none.
UPDATE tollgate.alert_channel c
   SET target = n.target, target_hint = n.target_hint, secret = n.secret, language = n.language, time_zone = n.time_zone, types = n.types,
       percent_min = n.percent_min, private_target = n.private_target, disabled = n.disabled, note = n.note,
       set_by_another = n.set_by_another,
       former_secret = CASE $2::text WHEN 'replaced' THEN c.secret WHEN 'kept' THEN c.former_secret END,
       former_secret_until = CASE $2::text WHEN 'replaced' THEN now() + interval '24 hours' WHEN 'kept' THEN c.former_secret_until END
  FROM jsonb_to_record($1::jsonb) AS n (
       id text, target text, target_hint text, secret text, language text, time_zone text, types text[], percent_min integer,
       private_target boolean, disabled boolean, note text, set_by_another boolean)
 WHERE c.id = n.id
