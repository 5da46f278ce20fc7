-- Purpose: what a seed would make of one subject's counters (seed.lua), beside what they are.
-- Guarantee: looks only, as of one instant.
-- KEYS, ARGV: as seed.lua has them.
-- Answers 'behind', or per counter '<held|-> <expected>' ('- -': its window does not run).

local now = now_ms()
local epoch, run_id, floor = match(call('GET', KEYS[1]) or '- - 0-0', '^(%S+) (%S+) (%S+)$')
if ARGV[3] ~= epoch or run_id ~= ARGV[1] or is_before(ARGV[4], floor) or call('SISMEMBER', KEYS[4], ARGV[5]) == 1 then
  return 'behind'
end
local from = { position = ARGV[4], pending = KEYS[2], charges = KEYS[3], name = ARGV[5], prefix = ARGV[6] }
local charges = charges_since(from, now)
if not charges then
  return 'behind'
end

local state = parse_state(call('GET', KEYS[5]), epoch, now)
local found = {}
for index = 7, #ARGV do
  local key, start, finish, booked = parse_counter(ARGV[index])
  local used = figure(key, start, finish, booked, charges)
  local held = used_in(find_entry(state.quotas, key), start, finish, now)
  local runs = start <= now and now < finish
  found[#found + 1] = runs and (held and text(held) or '-') .. ' ' .. text(min(USED_MAX, max(0, used))) or '- -'
end
return concat(found, ' ')
