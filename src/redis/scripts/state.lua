-- Purpose: the text in which one subject's counters are kept, and how quota counters roll and move (core/quota-counter.ts).
-- Text: '<epoch> <half full at>' then ' r <key> <debt> <period> <at> <empty at>' per rate and
--       ' q <key> <start> <end> <used> <previous start> <previous end> <previous used>' per quota (previous start 0 = none).
-- A quota's key begins with its surface (a any, p pypi, g gpu) and its quantity (1 to 4 in the order of bookedQuantities).
-- In a script a quota is { key, start, end, used, range = '<start> <end>', previous = '<start> <end> <used>' }: what does not change stays
-- the text it was, because making text of numbers is the dearest part of a spend.
-- Guarantee: a state of another epoch counts as forgotten (no quotas; rates half full from now).

local QUOTA_KEPT_MS, STATE_KEPT_MS_MIN = 172800000, 60000
local USED_MAX = 9007199254740991 -- 2^53 - 1
local ANY_SURFACE = byte('a')

local function parse_state(value, epoch, now)
  local state = { half = 0, rates = {}, quotas = {}, held = value and true or false }
  if not value then
    return state
  end
  local held_epoch, half, rest = match(value, '^(%S+) (%S+)(.*)$')
  if held_epoch ~= epoch then
    state.half = now
    return state
  end
  state.half = tonumber(half)
  local rates, quotas = state.rates, state.quotas
  for key, debt, period, at, empty in gmatch(rest, ' r (%S+) (%S+) (%S+) (%S+) (%S+)') do
    rates[#rates + 1] = { key, tonumber(debt), tonumber(period), tonumber(at), tonumber(empty) }
  end
  for key, range, start, finish, used, previous in gmatch(rest, ' q (%S+) ((%S+) (%S+)) (%S+) (%S+ %S+ %S+)') do
    quotas[#quotas + 1] =
      { key, tonumber(start), tonumber(finish), tonumber(used), range = range, previous = previous }
  end
  return state
end

-- Text and milliseconds to keep it.
local function state_text(state, epoch, now)
  local parts, kept = { epoch, text(state.half) }, STATE_KEPT_MS_MIN
  for _, rate in ipairs(state.rates) do
    parts[#parts + 1] = format('r %s %.0f %.0f %.0f %.0f', rate[1], rate[2], rate[3], rate[4], rate[5])
    kept = max(kept, rate[5] - now)
  end
  for _, quota in ipairs(state.quotas) do
    parts[#parts + 1] = format('q %s %s %.0f %s', quota[1], quota.range, quota[4], quota.previous)
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
    quota.previous = quota.range .. ' ' .. text(quota[4])
    quota[2], quota[3], quota[4] = start, finish, 0
    quota.range = text(start) .. ' ' .. text(finish)
  end
end

-- Adds difference to the window that holds at; answers 1 when it would have gone below 0.
local function move(quota, at, difference)
  if quota[2] <= at and at < quota[3] then
    local used = quota[4] + difference
    quota[4] = min(USED_MAX, max(0, used))
    return used < 0 and 1 or 0
  end
  local range, start, finish, before = match(quota.previous, '^((%S+) (%S+)) (%S+)$')
  if at < tonumber(start) or at >= tonumber(finish) then
    return 0
  end
  local used = tonumber(before) + difference
  quota.previous = range .. ' ' .. text(min(USED_MAX, max(0, used)))
  return used < 0 and 1 or 0
end
