-- Purpose: lists subjects whose counters must be recomputed, with the text of their state.
-- Guarantee: looks only.
-- KEYS: N stale keys, N epoch keys.
-- ARGV: 1 how many at most · then N prefixes of subject keys.
-- Answers triples: index of the partition (from 1), name of the subject, its state as text ('' = none in this epoch).

local N, left, found = #KEYS / 2, tonumber(ARGV[1]), {}
for index = 1, N do
  if left > 0 then
    local epoch = false
    for _, name in ipairs(call('SRANDMEMBER', KEYS[index], left)) do
      epoch = epoch or match(call('GET', KEYS[N + index]) or '- ', '^(%S+) ')
      local value = call('GET', ARGV[1 + index] .. name)
      local is_current = value and match(value, '^(%S+) ') == epoch
      left = left - 1
      found[#found + 1] = text(index)
      found[#found + 1] = name
      found[#found + 1] = is_current and value or ''
    end
  end
end
return found
