-- Purpose: the books. What every request was charged, how far each store's charge streams are read, and what counters start from.
-- Guarantee: only the ledger writes here, one partition at a time under its checkpoint's lock; nothing here fires a policy trigger,
--            and no row refers to a policy row, so that deleting an account never loses what it was charged.
-- Parameters: none.

CREATE TABLE tollgate.ledger_checkpoint (
  partition smallint PRIMARY KEY,
  epoch     text,
  position  text,
  moved_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT checkpoint_partition_is_0_to_255 CHECK (partition BETWEEN 0 AND 255),
  CONSTRAINT checkpoint_has_epoch_and_position_together CHECK ((epoch IS NULL) = (position IS NULL))
);
COMMENT ON TABLE  tollgate.ledger_checkpoint IS 'How far the ledger has read each partition''s charge stream. Its row lock is what makes two ledgers take turns';
COMMENT ON COLUMN tollgate.ledger_checkpoint.partition IS 'The partition, 0 to 255';
COMMENT ON COLUMN tollgate.ledger_checkpoint.epoch IS 'The store''s epoch the position belongs to; a stream of another epoch is read from its start. NULL: never read';
COMMENT ON COLUMN tollgate.ledger_checkpoint.position IS 'The last entry that is in the books; opaque to all but the store. NULL: never read';
COMMENT ON COLUMN tollgate.ledger_checkpoint.moved_at IS 'When the checkpoint last moved';

CREATE TABLE tollgate.usage_entry (
  mint_day   date           NOT NULL,
  id         text           NOT NULL,
  partition  smallint       NOT NULL,
  is_home    boolean        NOT NULL,
  at         timestamptz    NOT NULL,
  account    text           NOT NULL,
  project    text           NOT NULL,
  department text           NOT NULL,
  token      text           NOT NULL,
  address    text           NOT NULL,
  upstream   text           NOT NULL,
  surface    text           NOT NULL,
  kind       text           NOT NULL,
  resource   text           NOT NULL,
  file       text           NOT NULL,
  outcome    text           NOT NULL,
  state      text           NOT NULL,
  unsettled  boolean        NOT NULL,
  requests   bigint         NOT NULL,
  credits    numeric(19, 3) NOT NULL,
  bytes      bigint         NOT NULL,
  gpu_ms     bigint         NOT NULL,
  subjects   text[]         NOT NULL,
  CONSTRAINT usage_entry_is_booked_once_per_partition PRIMARY KEY (mint_day, id, partition),
  CONSTRAINT usage_entry_partition_is_0_to_255 CHECK (partition BETWEEN 0 AND 255),
  CONSTRAINT usage_entry_surface_is_known CHECK (surface IN ('pypi', 'gpu')),
  CONSTRAINT usage_entry_state_is_open_or_final CHECK (state IN ('open', 'final')),
  CONSTRAINT usage_entry_amounts_are_not_negative CHECK (requests >= 0 AND credits >= 0 AND bytes >= 0 AND gpu_ms >= 0)
);
CREATE INDEX usage_entry_by_partition_and_time ON tollgate.usage_entry (partition, at);
CREATE INDEX usage_entry_by_account_and_time ON tollgate.usage_entry (account, at);
COMMENT ON TABLE  tollgate.usage_entry IS 'The ledger: one row per request and partition it touched, at what it is booked. Sum only rows that are home, or requests of two partitions count twice';
COMMENT ON COLUMN tollgate.usage_entry.mint_day IS 'The UTC day the reservation id was made; part of the key, so that old days can be dropped whole';
COMMENT ON COLUMN tollgate.usage_entry.id IS 'The reservation id';
COMMENT ON COLUMN tollgate.usage_entry.partition IS 'The partition whose stream this row comes from';
COMMENT ON COLUMN tollgate.usage_entry.is_home IS 'True in exactly one row per id, the one of the account''s partition: reports sum these';
COMMENT ON COLUMN tollgate.usage_entry.at IS 'The store''s time of the spend; it decides the hour and the day the charge belongs to';
COMMENT ON COLUMN tollgate.usage_entry.account IS 'Who is charged';
COMMENT ON COLUMN tollgate.usage_entry.project IS 'The account''s project at the time';
COMMENT ON COLUMN tollgate.usage_entry.department IS 'The project''s department at the time';
COMMENT ON COLUMN tollgate.usage_entry.token IS 'Id of the token that was presented (never the secret); empty for anonymous callers';
COMMENT ON COLUMN tollgate.usage_entry.address IS 'The caller''s address; IPv6 as its /64';
COMMENT ON COLUMN tollgate.usage_entry.upstream IS 'Which upstream was asked';
COMMENT ON COLUMN tollgate.usage_entry.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate.usage_entry.kind IS 'Kind of request: index, metadata, artifact, upload, call, …';
COMMENT ON COLUMN tollgate.usage_entry.resource IS 'The package or the GPU model; empty when there is none';
COMMENT ON COLUMN tollgate.usage_entry.file IS 'The artifact''s file name; empty when there is none';
COMMENT ON COLUMN tollgate.usage_entry.outcome IS 'How the request ended: delivered, aborted, not_modified, head, redirect, client_error, server_error, undelivered, or unknown while nobody has told';
COMMENT ON COLUMN tollgate.usage_entry.state IS 'open: the estimate or the bytes so far; final: decided. Only final may lower what open has booked';
COMMENT ON COLUMN tollgate.usage_entry.unsettled IS 'True: nobody reported before the reservation expired, so it is booked at its estimate. A late report still corrects it';
COMMENT ON COLUMN tollgate.usage_entry.requests IS 'Requests';
COMMENT ON COLUMN tollgate.usage_entry.credits IS 'Credits';
COMMENT ON COLUMN tollgate.usage_entry.bytes IS 'Bytes the client received';
COMMENT ON COLUMN tollgate.usage_entry.gpu_ms IS 'GPU time in milliseconds';
COMMENT ON COLUMN tollgate.usage_entry.subjects IS 'Whose counters of this partition the charge moves, as kind:id; counters are recomputed from it';

CREATE TABLE tollgate.quota_usage (
  id           bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  partition    smallint       NOT NULL,
  subject_kind text           NOT NULL,
  subject_id   text           NOT NULL,
  surface      text           NOT NULL,
  quantity     text           NOT NULL,
  window_kind  text           NOT NULL,
  time_zone    text           NOT NULL,
  start_at     timestamptz    NOT NULL,
  end_at       timestamptz    NOT NULL,
  used         numeric(19, 3) NOT NULL,
  CONSTRAINT quota_usage_has_one_row_per_counter
    UNIQUE (partition, subject_kind, subject_id, end_at, start_at, surface, quantity, window_kind, time_zone),
  CONSTRAINT quota_usage_partition_is_0_to_255 CHECK (partition BETWEEN 0 AND 255),
  CONSTRAINT quota_usage_subject_kind_is_known
    CHECK (subject_kind IN ('account', 'project', 'department', 'token', 'address', 'everyone')),
  CONSTRAINT quota_usage_surface_is_known_or_any CHECK (surface IN ('pypi', 'gpu', 'any')),
  CONSTRAINT quota_usage_quantity_is_known CHECK (quantity IN ('requests', 'credits', 'bytes', 'gpu_ms')),
  CONSTRAINT quota_usage_window_ends_after_it_starts CHECK (end_at > start_at),
  CONSTRAINT quota_usage_is_not_negative CHECK (used >= 0)
);
COMMENT ON TABLE  tollgate.quota_usage IS 'What a counter has used in one window, kept up by the ledger. A counter without a row here is summed from usage_entry when a store asks for it';
COMMENT ON COLUMN tollgate.quota_usage.id IS 'Only identifies the row';
COMMENT ON COLUMN tollgate.quota_usage.partition IS 'The subject''s partition';
COMMENT ON COLUMN tollgate.quota_usage.subject_kind IS 'Whose counter: account, project, department, token, address or everyone';
COMMENT ON COLUMN tollgate.quota_usage.subject_id IS 'The subject''s id';
COMMENT ON COLUMN tollgate.quota_usage.surface IS 'pypi, gpu, or any when the limit counts both';
COMMENT ON COLUMN tollgate.quota_usage.quantity IS 'What is counted: requests, credits, bytes or gpu_ms';
COMMENT ON COLUMN tollgate.quota_usage.window_kind IS 'hour or day';
COMMENT ON COLUMN tollgate.quota_usage.time_zone IS 'The zone whose clock cuts the windows';
COMMENT ON COLUMN tollgate.quota_usage.start_at IS 'First instant of the window';
COMMENT ON COLUMN tollgate.quota_usage.end_at IS 'First instant after the window';
COMMENT ON COLUMN tollgate.quota_usage.used IS 'Used so far, in the quantity''s unit; credits in credits';

CREATE TABLE tollgate.token_use (
  token        text        PRIMARY KEY,
  last_used_at timestamptz NOT NULL
);
COMMENT ON TABLE  tollgate.token_use IS 'When a token last paid for a request. Kept apart from token, because nothing that traffic changes lives in a policy table';
COMMENT ON COLUMN tollgate.token_use.token IS 'The token''s id';
COMMENT ON COLUMN tollgate.token_use.last_used_at IS 'The store''s time of its last booked spend';

CREATE VIEW tollgate.usage_by_day AS
  SELECT (at AT TIME ZONE 'UTC')::date AS day, department, project, account, surface,
         sum(requests)::bigint AS requests, sum(credits) AS credits, sum(bytes)::bigint AS bytes, sum(gpu_ms)::bigint AS gpu_ms,
         count(*) FILTER (WHERE state = 'open') AS not_yet_final
    FROM tollgate.usage_entry
   WHERE is_home
   GROUP BY 1, 2, 3, 4, 5;
COMMENT ON VIEW   tollgate.usage_by_day IS 'Who used how much on which UTC day; every request counted once';
COMMENT ON COLUMN tollgate.usage_by_day.day IS 'The UTC day';
COMMENT ON COLUMN tollgate.usage_by_day.department IS 'The department charged';
COMMENT ON COLUMN tollgate.usage_by_day.project IS 'The project charged';
COMMENT ON COLUMN tollgate.usage_by_day.account IS 'The account charged';
COMMENT ON COLUMN tollgate.usage_by_day.surface IS 'pypi or gpu';
COMMENT ON COLUMN tollgate.usage_by_day.requests IS 'Requests';
COMMENT ON COLUMN tollgate.usage_by_day.credits IS 'Credits';
COMMENT ON COLUMN tollgate.usage_by_day.bytes IS 'Bytes the clients received';
COMMENT ON COLUMN tollgate.usage_by_day.gpu_ms IS 'GPU time in milliseconds';
COMMENT ON COLUMN tollgate.usage_by_day.not_yet_final IS 'How many of these requests may still change';
