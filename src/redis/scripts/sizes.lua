-- Purpose: how much the ledger has still to read, and how much the streams hold in all.
-- Guarantee: looks only, and counts unread entries no further than told, because counting them reads them.
-- KEYS: N epoch keys, N charges keys.
-- ARGV: 1 count unread ones up to · then N times the checkpoint as '<epoch> <position>', or '-'.
-- Answers '<unread> <held>'.

local N = #KEYS / 2
local most = tonumber(ARGV[1])
local values = call('MGET', unpack(KEYS, 1, N))
local unread, held = 0, 0
for index = 1, N do
  local length = call('XLEN', KEYS[N + index])
  held = held + length
  if values[index] and length > 0 and unread < most then
    local epoch = match(values[index], '^(%S+) ')
    local known, position = match(ARGV[index + 1], '^(%S+) (%S+)$')
    if known ~= epoch then
      unread = unread + length
    else
      unread = unread + #call('XRANGE', KEYS[N + index], '(' .. position, '+', 'COUNT', most - unread)
    end
  end
end
return text(min(unread, most)) .. ' ' .. text(held)
