-- Purpose: gives back what one part of a call took, because another part was refused (redis/cluster-hits.ts).
-- Guarantee: only in the window that it was taken in, and of a rate only what has not leaked yet; never below 0.
-- KEYS: one per line, as the line was counted.
-- ARGV: 1 taken, as JSON: for each line its kind and of a window (0) the hits, its end; of a rate (1) debt taken, debt it left, period, amount,
--       at; of slots (2) when the own one ended before, 0 if there was none · 2 whose slots.
-- Answers how many lines.

local KEPT_MS = 5000
local taken, slot_id = cjson.decode(ARGV[1]), ARGV[2]
local now = now_ms()

local function give_rate_back(key, p)
  local debt_taken, debt_left, period, amount, since = unpack(taken, p + 1, p + 5)
  local value = call('GET', key)
  local rate
  if value then
    local debt, own_period, own_since, empty = match(value, '^(%d+) (%d+) (%d+) (%d+)$')
    rate = { '', tonumber(debt), tonumber(own_period), tonumber(own_since), tonumber(empty) }
  end
  if debt_taken < 0 then
    rate = charged_rate(rate, '', (rate and rate[2] or 0) - debt_taken, amount, period, now)
  elseif rate then
    give_debt_back(rate, debt_taken, debt_left, period, amount, now - since)
  else
    return
  end
  local kept = max(1, rate[5] - now + KEPT_MS)
  call('SET', key, format('%d %d %d %d', rate[2], rate[3], rate[4], rate[5]), 'PX', text(kept))
end

local p = 1
for index = 1, #KEYS do
  local key, kind = KEYS[index], taken[p]
  if kind == 0 then
    local hits, left = taken[p + 1], taken[p + 2] - now
    local used = tonumber(call('GET', key) or '')
    if used then
      call('INCRBY', key, text(max(-used, min(9007199254740991 - used, -hits))))
    elseif hits < 0 and left > 0 then
      call('SET', key, text(-hits), 'PX', text(left + KEPT_MS))
    end
    p = p + 3
  elseif kind == 1 then
    give_rate_back(key, p)
    p = p + 6
  else
    if taken[p + 1] == 0 then
      call('ZREM', key, slot_id)
    else
      local kept = text(max(1, taken[p + 1] - now + KEPT_MS))
      call('ZADD', key, text(taken[p + 1]), slot_id)
      call('PEXPIRE', key, kept, 'NX')
      call('PEXPIRE', key, kept, 'GT')
    end
    p = p + 2
  end
end
return #KEYS
