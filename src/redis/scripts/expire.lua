-- Purpose: books overdue reservations of one partition at what they stand at: open, unsettled (core/report-decision.ts, decideExpiry). So
-- does it, before their time, with those due first above the number that a partition keeps pending: a seed reads all that is pending.
-- Guarantee: each once; the record stays an hour, so that a later report still wins; does nothing after its deadline.
-- KEYS: 1 epoch · 2 pending · 3 charges · 4 stale.
-- ARGV: 1 run id · 2 fresh epoch text · 3 not after · 4 how many at most · 5 prefix of the partition's record keys.
-- Answers how many, as text.

local EXPIRED_KEPT_MS, PENDING_KEPT = 3600000, 4000
local now = now_ms()
if now > tonumber(ARGV[3]) then
  return '0'
end
local keys = { epoch = KEYS[1], charges = KEYS[3] }
local epoch = epoch_in_force(call('GET', KEYS[1]), keys, { run_id = ARGV[1], fresh = ARGV[2] })
local overdue = call('ZCOUNT', KEYS[2], '-inf', text(now))
local count = min(tonumber(ARGV[4]), max(overdue, call('ZCARD', KEYS[2]) - PENDING_KEPT))
local ids = count > 0 and call('ZRANGE', KEYS[2], 0, count - 1) or {}
for _, id in ipairs(ids) do
  local key = ARGV[5] .. id
  local record = parse_record(call('GET', key), now)
  call('ZREM', KEYS[2], id)
  if record and record.epoch ~= epoch then
    append(KEYS[3], {
      epoch = epoch,
      id = id,
      at = record.at,
      state = record.state,
      amounts = record.booked,
      outcome = 'unknown',
      unsettled = '1',
      only_if_booked = '0',
      surface = record.surface,
      home = record.home,
      subjects = record.subjects,
      meta = record.meta,
    }, now)
    mark_stale(KEYS[4], record.subjects)
    call('DEL', key)
  elseif record then
    if not record.appended or not same(record.appended, record.booked) then
      append_record(KEYS[3], id, record, { outcome = 'unknown', unsettled = '1' }, now)
    end
    record.appended, record.forget = record.booked, text(now + EXPIRED_KEPT_MS)
    call('SET', key, record_text(record), 'PX', EXPIRED_KEPT_MS)
  end
end
return text(#ids)
