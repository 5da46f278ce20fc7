-- Purpose: the reservations in flight of one subject, those due first.
-- Guarantee: looks only, at the first 2,000 of its partition.
-- KEYS: 1 pending.
-- ARGV: 1 the subject's name · 2 prefix of the partition's record keys · 3 how many at most.
-- Answers per reservation: its id, its record.

local LOOKED_AT_MAX = 2000
local now, count_max = now_ms(), tonumber(ARGV[3])
local name = ' ' .. ARGV[1] .. ' '
local found = {}
for _, id in ipairs(call('ZRANGE', KEYS[1], 0, LOOKED_AT_MAX - 1)) do
  if #found >= 2 * count_max then
    break
  end
  local value = call('GET', ARGV[2] .. id)
  local record = value and find(value, ARGV[1], 1, true) and parse_record(value, now)
  if record and find(' ' .. record.subjects .. ' ', name, 1, true) then
    found[#found + 1] = id
    found[#found + 1] = value
  end
end
return found
