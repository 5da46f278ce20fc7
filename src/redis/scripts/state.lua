-- Purpose: the text in which one subject's counters are kept, and how quota counters roll and move (core/quota-counter.ts).
-- Text: '<epoch> <half full at>' then ' r <key> <debt> <period> <at> <empty at>' per rate and
--       ' q <key> <start> <end> <used> <previous start> <previous end> <previous used>' per quota (previous start 0 = none).
-- A quota's key begins with its surface (a any, p pypi, g gpu) and its quantity (1 to 4 in the order of bookedQuantities).
-- In a script a rate is { key, debt, period, at, empty at } and a quota { key, start, end, used, '<start> <end>', '<previous start> <end>
-- <used>' }: what does not change stays the text it was, because making text of numbers is the dearest part of a spend.
-- Guarantee: a state of another epoch counts as forgotten (no quotas; rates half full from now).

local QUOTA_KEPT_MS, STATE_KEPT_MS_MIN = 172800000, 60000
local USED_MAX = 9007199254740991 -- 2^53 - 1
local ANY_SURFACE = byte('a')

local function parse_state(value, epoch, now)
  local rates, quotas = {}, {}
  if not value then
    return { half = 0, rates = rates, quotas = quotas, held = false }
  end
  local _, last, held_epoch, half = find(value, '^(%S+) (%S+)')
  if held_epoch ~= epoch then
    return { half = now, rates = rates, quotas = quotas, held = true }
  end
  local count = 0
  repeat
    local _, finish, key, debt, period, at, empty = find(value, '^ r (%S+) (%S+) (%S+) (%S+) (%S+)', last + 1)
    if finish then
      count, last = count + 1, finish
      rates[count] = { key, debt + 0, period + 0, at + 0, empty + 0 }
    end
  until not finish
  count = 0
  repeat
    local _, finish, key, range, start, ends, used, previous =
      find(value, '^ q (%S+) ((%S+) (%S+)) (%S+) (%S+ %S+ %S+)', last + 1)
    if finish then
      count, last = count + 1, finish
      quotas[count] = { key, start + 0, ends + 0, used + 0, range, previous }
    end
  until not finish
  return { half = half + 0, rates = rates, quotas = quotas, held = true }
end

-- Text and milliseconds to keep it.
local function state_text(state, epoch, now)
  local rates, quotas, kept = state.rates, state.quotas, STATE_KEPT_MS_MIN
  local parts = { epoch, state.half == 0 and '0' or text(state.half) }
  local count = 2
  for index = 1, #rates do
    local rate = rates[index]
    count = count + 1
    parts[count] = format('r %s %d %d %d %d', rate[1], rate[2], rate[3], rate[4], rate[5])
    kept = max(kept, rate[5] - now)
  end
  for index = 1, #quotas do
    local quota = quotas[index]
    count = count + 1
    parts[count] = format('q %s %s %d %s', quota[1], quota[5], quota[4], quota[6])
    kept = max(kept, quota[3] + QUOTA_KEPT_MS - now)
  end
  return concat(parts, ' '), kept
end

-- The entry with this key, and its place.
local function find_entry(entries, key)
  for index = 1, #entries do
    if entries[index][1] == key then
      return entries[index], index
    end
  end
end

-- What [start, finish) has used by this counter: nil = cold.
local function used_in(quota, start, finish, now)
  if not quota or now >= quota[3] + QUOTA_KEPT_MS then
    return nil
  end
  if quota[2] == start and quota[3] == finish then
    return quota[4]
  end
  return quota[3] <= start and 0 or nil
end

local function roll(quota, start, finish)
  if quota[2] ~= start then
    quota[6] = quota[5] .. ' ' .. text(quota[4])
    quota[2], quota[3], quota[4] = start, finish, 0
    quota[5] = text(start) .. ' ' .. text(finish)
  end
end

-- Adds difference to the window that holds at; answers 1 when it would have gone below 0.
local function move(quota, at, difference)
  if quota[2] <= at and at < quota[3] then
    local used = quota[4] + difference
    quota[4] = min(USED_MAX, max(0, used))
    return used < 0 and 1 or 0
  end
  local range, start, finish, before = match(quota[6], '^((%S+) (%S+)) (%S+)$')
  if at < tonumber(start) or at >= tonumber(finish) then
    return 0
  end
  local used = tonumber(before) + difference
  quota[6] = range .. ' ' .. text(min(USED_MAX, max(0, used)))
  return used < 0 and 1 or 0
end
