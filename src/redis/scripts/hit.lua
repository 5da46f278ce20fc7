-- Purpose: counts the hits of all lines of one call (core/hit-decision.ts, decideHits).
-- Guarantee: one atomic step; time is the server's; a late start and passed windows take nothing. What the lines come to is decided here to
-- move counters, and once more by the same rules where the answer is read: so it tells only what each counter held before.
-- KEYS: one per line: of a window with the start of its current one at the end; several lines may have the same.
-- ARGV: 1 asked, as JSON: [not after, 0 all or nothing | 1 each descriptor alone | 2 all, and another part was refused, then for each line
--       its flags (kind: 0 window, 1 rate, 2 slots; + 4 enforced, + 8 charges refused hits, + 16 first of its descriptor), hits, amount and
--       of a window start, end, next end; of a rate period, burst; of slots the milliseconds of one] · 2 whose slots, or nothing.
-- Answers 'late <at>', 'stale <at>', 'counted <at>' with, for each line, hits in the window; debt of the rate; slots held, when the own one
-- and when the last ends (0: none), when there is room or '-'.

local USED_MAX, SLOTS_MAX, KEPT_MS = 9007199254740991, 100000, 5000
local WINDOW, RATE = 0, 1
local asked, slot_id, L = cjson.decode(ARGV[1]), ARGV[2], #KEYS
local now = now_ms()
local at = text(now)
if now > asked[1] then
  return 'late ' .. at
end

-- Where each line begins in what is asked, and the key of the window that holds now.
local places, keys = {}, {}
do
  local p = 3
  for index = 1, L do
    local kind = asked[p] % 4
    local key = KEYS[index]
    places[index] = p
    if kind == WINDOW then
      local start, finish = asked[p + 3], asked[p + 4]
      if now < start or now >= asked[p + 5] then
        return 'stale ' .. at
      end
      if now >= finish then
        key = string.sub(key, 1, -1 - #text(start)) .. text(finish)
      end
      p = p + 6
    else
      p = p + (kind == RATE and 5 or 4)
    end
    keys[index] = key
  end
end

local values
if L <= 1000 then
  values = call('MGET', unpack(keys))
else
  values = {}
  for from = 1, L, 1000 do
    local some = call('MGET', unpack(keys, from, min(L, from + 999)))
    for index = 1, #some do
      values[from + index - 1] = some[index]
    end
  end
end

-- What the counter of each line held before the call, as a number: slots are twice their count, one more if own is among them.
local base, words, rates = {}, { 'counted', at }, nil

local function look_at_slots(index, amount, hits)
  local key = keys[index]
  local all = call('ZCARD', key)
  if all == 0 then
    words[index + 2] = '0 0 0 -'
    return 0
  end
  local ended = call('ZCOUNT', key, '-inf', at)
  local held = all - ended
  local own_ends = slot_id ~= '' and call('ZSCORE', key, slot_id)
  local own = own_ends and tonumber(own_ends) > now
  local last = held > 0 and call('ZRANGE', key, -1, -1, 'WITHSCORES')[2] or '0'
  local room = held - amount - (hits > 0 and 0 or 1)
  local ends = '-'
  if room >= 0 then
    local rank = text(ended + room)
    ends = call('ZRANGE', key, rank, rank, 'WITHSCORES')[2] or '-'
  end
  words[index + 2] = text(held) .. ' ' .. (own and own_ends or '0') .. ' ' .. last .. ' ' .. ends
  return 2 * held + (own and 1 or 0)
end

for index = 1, L do
  local p = places[index]
  local kind, value = asked[p] % 4, values[index]
  if kind == WINDOW then
    words[index + 2] = value or '0'
    base[index] = value and tonumber(value) or 0
  elseif kind == RATE then
    local held
    if value then
      local debt, period, since, empty = match(value, '^(%d+) (%d+) (%d+) (%d+)$')
      held = { '', tonumber(debt), tonumber(period), tonumber(since), tonumber(empty) }
      rates = rates or {}
      rates[keys[index]] = held
    end
    base[index] = debt_at(held, asked[p + 2], asked[p + 3], asked[p + 4], now)
    words[index + 2] = text(base[index])
  else
    base[index] = look_at_slots(index, asked[p + 2], asked[p + 1])
  end
end

-- Whether the line's hits fit on top of what its counter holds, and what it holds then.
local function after(p, held)
  local kind, hits, amount = asked[p] % 4, asked[p + 1], asked[p + 2]
  if kind == WINDOW then
    return hits < 0 or hits <= amount - held, max(0, min(USED_MAX, held + hits))
  end
  if kind == RATE then
    local period, burst = asked[p + 3], asked[p + 4]
    local fits = hits < 0 or (hits == 0 and held <= burst * period) or (hits > 0 and rate_wait(held, amount, period, burst, hits) == 0)
    return fits, max(0, min(DEBT_MAX, held + hits * period))
  end
  local own = held % 2
  local count = (held - own) / 2
  local fits = hits < 0 or (hits == 0 and count <= amount) or (hits > 0 and (own == 1 or count < amount))
  if slot_id == '' or hits == 0 then
    return fits, held
  end
  if hits < 0 then
    return fits, own == 1 and held - 3 or held
  end
  return fits, (own == 1 or count >= SLOTS_MAX) and held or held + 3
end

-- By key: what is held now, and the last line that moved it.
local settled, moved = {}, {}

local function settle(from, to, refused)
  local running = {}
  for index = from, to do
    local key, p = keys[index], places[index]
    local fits, held = after(p, running[key] or settled[key] or base[index])
    running[key] = held
    refused = refused or (not fits and asked[p] % 8 >= 4)
  end
  for index = from, to do
    local key, p = keys[index], places[index]
    if not refused then
      settled[key] = running[key]
      moved[key] = asked[p + 1] ~= 0 and index or moved[key]
    else
      local flags, held = asked[p], settled[key] or base[index]
      if asked[p + 1] ~= 0 and (flags % 8 < 4 or flags % 16 >= 8) then
        local _
        _, held = after(p, held)
        moved[key] = index
      end
      settled[key] = held
    end
  end
end

if asked[2] == 1 then
  local from = 1
  for index = 2, L + 1 do
    if index > L or asked[places[index]] >= 16 then
      settle(from, index - 1, false)
      from = index
    end
  end
else
  settle(1, L, asked[2] == 2)
end

local function write(index)
  local p, key = places[index], keys[index]
  local kind, held = asked[p] % 4, settled[key]
  if kind == WINDOW then
    local value = values[index]
    if value then
      local difference = held - base[index]
      if difference ~= 0 then
        call('INCRBY', key, text(difference))
      end
    elseif held > 0 then
      local finish = now < asked[p + 4] and asked[p + 4] or asked[p + 5]
      call('SET', key, text(held), 'PX', text(finish - now + KEPT_MS))
    end
  elseif kind == RATE then
    local before = rates and rates[key]
    if before or held > 0 then
      local rate = charged_rate(before, '', held, asked[p + 2], asked[p + 3], now)
      call('SET', key, format('%d %d %d %d', rate[2], rate[3], rate[4], rate[5]), 'PX', text(rate[5] - now + KEPT_MS))
    end
  elseif held % 2 == 0 then
    call('ZREM', key, slot_id)
  else
    local kept = text(asked[p + 3] + KEPT_MS)
    call('ZREMRANGEBYSCORE', key, '-inf', text(now - KEPT_MS))
    if call('ZADD', key, text(now + asked[p + 3]), slot_id) == 1 and call('ZCARD', key) == 1 then
      call('PEXPIRE', key, kept)
    else
      call('PEXPIRE', key, kept, 'GT')
    end
  end
end

for index = 1, L do
  if moved[keys[index]] == index and (asked[places[index]] % 4 ~= 2 or slot_id ~= '') then
    write(index)
  end
end
return concat(words, ' ')
