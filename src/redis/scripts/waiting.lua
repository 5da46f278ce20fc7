-- Purpose: which partitions the ledger should read.
-- Guarantee: looks only. A partition without an epoch was never used and does not wait.
-- KEYS: N epoch keys, N charges keys.
-- ARGV: N times the checkpoint as '<epoch> <position>', or '-'.
-- Answers the indexes (from 1) of those that wait, space-separated.

local N = #KEYS / 2
local values = call('MGET', unpack(KEYS, 1, N))
local found = {}
for index = 1, N do
  if values[index] then
    local epoch = match(values[index], '^(%S+) ')
    local known, position = match(ARGV[index], '^(%S+) (%S+)$')
    if known ~= epoch then
      found[#found + 1] = text(index)
    else
      local last = call('XREVRANGE', KEYS[N + index], '+', '(' .. position, 'COUNT', 1)[1]
      if last then
        found[#found + 1] = text(index)
      end
    end
  end
end
return concat(found, ' ')
