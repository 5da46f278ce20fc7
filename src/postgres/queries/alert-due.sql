-- Purpose: what there is to do: events to route, and channels with deliveries that are due.
-- Guarantee: its cost grows with the number of channels that have something waiting, not with that of rows or channels.
-- Parameters: $1 channels that are left out; $2 how many channels at most; $3 how many of those that failed last.
-- Answers one row: whether events wait, the channels (the longest waiting first), and how long until the next one, in milliseconds.
WITH RECURSIVE waiting AS (
  (SELECT d.channel, d.next_at FROM tollgate.alert_delivery d
    WHERE d.state IN ('pending', 'sending') ORDER BY d.channel, d.next_at LIMIT 1)
  UNION ALL
  SELECT n.channel, n.next_at
    FROM waiting w CROSS JOIN LATERAL (
      SELECT d.channel, d.next_at FROM tollgate.alert_delivery d
       WHERE d.state IN ('pending', 'sending') AND d.channel > w.channel ORDER BY d.channel, d.next_at LIMIT 1) n
), open AS (
  SELECT w.channel, c.kind, coalesce(s.failures, 0) > 0 AS failing, greatest(w.next_at, s.rests_until) AS due_at
    FROM waiting w
    JOIN tollgate.alert_channel c ON c.id = w.channel AND NOT c.disabled
    LEFT JOIN tollgate.alert_channel_state s ON s.channel = w.channel
   WHERE s.stopped_at IS NULL AND w.channel <> ALL ($1::text[])
), ranked AS (
  SELECT o.channel, o.kind, o.failing, o.due_at, row_number() OVER (PARTITION BY o.failing ORDER BY o.due_at) AS place
    FROM open o WHERE o.due_at <= now()
)
SELECT EXISTS (SELECT FROM tollgate.alert_event e WHERE e.routed_at IS NULL AND NOT e.skipped) AS has_unrouted,
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', r.channel, 'kind', r.kind, 'isFailing', r.failing) ORDER BY r.due_at)
                   FROM ranked r WHERE r.place <= CASE WHEN r.failing THEN $3::int ELSE $2::int END), '[]') AS channels,
       (SELECT (extract(epoch FROM min(o.due_at) - now()) * 1000)::float8 FROM open o WHERE o.due_at > now()) AS next_in_ms
