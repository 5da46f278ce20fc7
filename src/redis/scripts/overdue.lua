-- Purpose: finds the partitions that have overdue reservations, or more pending ones than they keep (expire.lua), for the sweep.
-- Guarantee: looks only.
-- KEYS: the pending keys of all partitions.
-- Answers their indexes (from 1), space-separated.

local PENDING_KEPT = 4000
local now = text(now_ms())
local found = {}
for index = 1, #KEYS do
  if
    call('ZRANGEBYSCORE', KEYS[index], '-inf', now, 'LIMIT', 0, 1)[1]
    or call('ZCARD', KEYS[index]) > PENDING_KEPT
  then
    found[#found + 1] = text(index)
  end
end
return concat(found, ' ')
