-- Purpose: ends overdue reservations of one partition (core/report-decision.ts, decideExpiry). One that nobody ever reported and that was
-- spent after the last break of a log stream is released, booked at nothing; any other is booked at what it stands at: open, unsettled. So
-- are, before their time, those due first above the number that a partition keeps pending: a seed reads all that is pending.
-- Guarantee: each once; the record stays an hour, so that a later report still wins; does nothing after its deadline.
-- KEYS: 1 epoch · 2 pending · 3 charges · 4 stale.
-- ARGV: 1 run id · 2 fresh epoch text · 3 not after · 4 how many at most · 5 prefix of the partition's record keys · 6 of its subject keys ·
--       7 the last break.
-- Answers '<how many> <figures that would have gone below 0>'.

local EXPIRED_KEPT_MS, PENDING_KEPT = 3600000, 4000
local record_prefix, prefix, broke_at = ARGV[5], ARGV[6], tonumber(ARGV[7])
local now = now_ms()
if now > tonumber(ARGV[3]) then
  return '0 0'
end
local keys = { epoch = KEYS[1], charges = KEYS[3] }
local epoch = epoch_in_force(call('GET', KEYS[1]), keys, { run_id = ARGV[1], fresh = ARGV[2] })
local overdue = call('ZCOUNT', KEYS[2], '-inf', text(now))
local count = min(tonumber(ARGV[4]), max(overdue, call('ZCARD', KEYS[2]) - PENDING_KEPT))
local ids = count > 0 and call('ZRANGE', KEYS[2], 0, count - 1) or {}
local clamps = 0

-- A store that forgot may have forgotten the report as well, so what another epoch took is never released.
local function append_forgotten(id, record)
  append_record(KEYS[3], id, record, { outcome = 'unknown', unsettled = '1', forgotten_in = epoch }, now)
  mark_stale(KEYS[4], record.subjects)
end

for _, id in ipairs(ids) do
  local key = record_prefix .. id
  local record = parse_record(call('GET', key), now)
  call('ZREM', KEYS[2], id)
  if record and record.epoch ~= epoch then
    append_forgotten(id, record)
    call('DEL', key)
  elseif record then
    local is_due = tonumber(record.expires) <= now
    if is_due then
      free_slots(record, id, epoch, prefix)
    end
    if is_due and record.state == 'o' and not record.appended and record.at > broke_at then
      clamps = clamps + book(record, { 0, 0, 0, 0 }, epoch, prefix, now)
    else
      if not record.appended or not same(record.appended, record.booked) then
        append_record(KEYS[3], id, record, { outcome = 'unknown', unsettled = '1' }, now)
      end
      record.appended = record.booked
    end
    record.forget = text(now + EXPIRED_KEPT_MS)
    call('SET', key, record_text(record), 'PX', EXPIRED_KEPT_MS)
  end
end
return text(#ids) .. ' ' .. text(clamps)
