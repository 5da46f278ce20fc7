-- Purpose: finds the partitions that have overdue reservations, for the sweep.
-- Guarantee: looks only.
-- KEYS: the pending keys of all partitions.
-- Answers the indexes (from 1) of those with an overdue reservation, space-separated.

local now = text(now_ms())
local found = {}
for index = 1, #KEYS do
  if call('ZRANGEBYSCORE', KEYS[index], '-inf', now, 'LIMIT', 0, 1)[1] then
    found[#found + 1] = text(index)
  end
end
return concat(found, ' ')
