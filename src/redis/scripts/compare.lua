-- Purpose: what a seed would make of one subject's counters (seed.lua), beside what they are.
-- Guarantee: looks only, as of one instant.
-- KEYS, ARGV: as seed.lua has them.
-- Answers 'behind', or per counter '<held|-> <expected>' ('- -': its window does not run).

local ENTRIES_MAX, PENDING_MAX = 5000, 8000
local now = now_ms()
local epoch, run_id, floor = match(call('GET', KEYS[1]) or '- - 0-0', '^(%S+) (%S+) (%S+)$')

local function is_before(left, right)
  local left_ms, left_count = match(left, '^(%d+)-(%d+)$')
  local right_ms, right_count = match(right, '^(%d+)-(%d+)$')
  if left_ms ~= right_ms then
    return tonumber(left_ms) < tonumber(right_ms)
  end
  return tonumber(left_count) < tonumber(right_count)
end

if ARGV[3] ~= epoch or run_id ~= ARGV[1] or is_before(ARGV[4], floor) or call('ZCARD', KEYS[2]) > PENDING_MAX then
  return 'behind'
end

local name = ' ' .. ARGV[5] .. ' '
local function concerns(subjects)
  return find(' ' .. subjects .. ' ', name, 1, true)
end

local charges = {}
local entries = call('XRANGE', KEYS[3], '(' .. ARGV[4], '+', 'COUNT', ENTRIES_MAX + 1)
if #entries > ENTRIES_MAX or call('SISMEMBER', KEYS[4], ARGV[5]) == 1 then
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
for _, id in ipairs(call('ZRANGE', KEYS[2], 0, -1)) do
  local value = call('GET', ARGV[6] .. id)
  local record = value and find(value, ARGV[5], 1, true) and parse_record(value, now)
  if record and concerns(record.subjects) then
    charges[#charges + 1] = { at = record.at, by = unappended(record), surface = byte(record.surface) }
  end
end

local state = parse_state(call('GET', KEYS[5]), epoch, now)
local found = {}
for index = 7, #ARGV do
  local key, start, finish, used = match(ARGV[index], '^(%S+) (%S+) (%S+) (%S+)$')
  start, finish, used = tonumber(start), tonumber(finish), tonumber(used)
  local counted, quantity = byte(key, 1, 2)
  for _, charge in ipairs(charges) do
    if start <= charge.at and charge.at < finish and (counted == ANY_SURFACE or counted == charge.surface) then
      used = used + charge.by[quantity - 48]
    end
  end
  local held = used_in(find_entry(state.quotas, key), start, finish, now)
  local runs = start <= now and now < finish
  found[#found + 1] = runs and (held and text(held) or '-') .. ' ' .. text(min(USED_MAX, max(0, used))) or '- -'
end
return concat(found, ' ')
