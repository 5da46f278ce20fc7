-- Purpose: recomputes counters of one subject from the ledger's figures (core/seed-decision.ts, decideSeed).
-- Guarantee: figure + differences after the checkpoint + what pending records owe to the stream. 'behind', and nothing changes, when the
-- checkpoint is of another epoch, lies before the epoch's floor, too much or an entry without difference of this subject lies after it, or
-- more reservations are pending than one script may read: nobody else is served while it reads them, 2 µs each.
-- KEYS: 1 epoch · 2 pending · 3 charges · 4 stale · 5 the subject.
-- ARGV: 1 run id · 2 fresh epoch text · 3 the checkpoint's epoch · 4 its position · 5 the subject's name · 6 prefix of the partition's
--       record keys · then per counter '<key> <start> <end> <used>'.
-- Answers 'behind', or 'seeded <figures that would have gone below 0>'.

local ENTRIES_MAX, PENDING_MAX, RECORDS_AT_ONCE = 5000, 8000, 200
local now = now_ms()
local keys = { epoch = KEYS[1], charges = KEYS[3] }
local epoch, floor = epoch_in_force(call('GET', KEYS[1]), keys, { run_id = ARGV[1], fresh = ARGV[2] })

local function is_before(left, right)
  local left_ms, left_count = match(left, '^(%d+)-(%d+)$')
  local right_ms, right_count = match(right, '^(%d+)-(%d+)$')
  if left_ms ~= right_ms then
    return tonumber(left_ms) < tonumber(right_ms)
  end
  return tonumber(left_count) < tonumber(right_count)
end

if ARGV[3] ~= epoch or is_before(ARGV[4], floor) or call('ZCARD', KEYS[2]) > PENDING_MAX then
  return 'behind'
end

local name = ' ' .. ARGV[5] .. ' '
local function concerns(subjects)
  return find(' ' .. subjects .. ' ', name, 1, true)
end

-- Every charge of this subject that the ledger's figures do not hold yet.
local charges = {}
local entries = call('XRANGE', KEYS[3], '(' .. ARGV[4], '+', 'COUNT', ENTRIES_MAX + 1)
if #entries > ENTRIES_MAX then
  return 'behind'
end
for _, entry in ipairs(entries) do
  local fields = entry[2]
  if concerns(fields[4]) then
    local at, differences, surface =
      match(fields[2], '^%S+ %S+ (%S+) %a %S+ %S+ %S+ %S+ (%S+ %S+ %S+ %S+) %S+ %d %d (%a) ')
    if differences == NOTHING then
      return 'behind'
    end
    charges[#charges + 1] = { at = tonumber(at), by = parse_four(differences), surface = byte(surface) }
  end
end
local pending = call('ZRANGE', KEYS[2], 0, -1)
for from = 1, #pending, RECORDS_AT_ONCE do
  local record_keys = {}
  for index = from, min(#pending, from + RECORDS_AT_ONCE - 1) do
    record_keys[#record_keys + 1] = ARGV[6] .. pending[index]
  end
  for _, value in ipairs(call('MGET', unpack(record_keys))) do
    local record = value and find(value, ARGV[5], 1, true) and parse_record(value, now)
    if record and concerns(record.subjects) then
      charges[#charges + 1] = { at = record.at, by = unappended(record), surface = byte(record.surface) }
    end
  end
end

local state = parse_state(call('GET', KEYS[5]), epoch, now)
if call('SREM', KEYS[4], ARGV[5]) == 1 then
  -- The other counters of a stale subject are as doubtful as the seeded ones: cold.
  state.quotas = {}
end
local clamps = 0
for index = 7, #ARGV do
  local key, start, finish, used = match(ARGV[index], '^(%S+) (%S+) (%S+) (%S+)$')
  start, finish, used = tonumber(start), tonumber(finish), tonumber(used)
  -- A window that does not run now would roll to 0 and forget what was booked meanwhile: better cold.
  if start <= now and now < finish then
    local counted, quantity = byte(key, 1, 2)
    for _, charge in ipairs(charges) do
      if start <= charge.at and charge.at < finish and (counted == ANY_SURFACE or counted == charge.surface) then
        used = used + charge.by[quantity - 48]
      end
    end
    clamps = clamps + (used < 0 and 1 or 0)
    local _, place = find_entry(state.quotas, key)
    local range = text(start) .. ' ' .. text(finish)
    state.quotas[place or #state.quotas + 1] =
      { key, start, finish, min(USED_MAX, max(0, used)), range, '0 0 0' }
  end
end
local value, kept = state_text(state, epoch, now)
call('SET', KEYS[5], value, 'PX', text(kept))
return 'seeded ' .. text(clamps)
