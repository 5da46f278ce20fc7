-- Purpose: takes the hits of all lines of one request, or nothing (core/spend-decision.ts, decideSpend).
-- Guarantee: all or nothing over every partition named; time is the server's; a refusal, a cold counter and a late start take nothing;
-- the same id twice takes once. A reservation leaves one record in every partition named. A rate line that would fit soon enough is taken
-- ahead of its time, and the answer says how long its caller is to be held.
-- KEYS: P epoch keys, P record keys, S subject keys, P pending keys, P charges keys.
-- ARGV: 1 run id · 2 fresh epoch text · 3 not after · 4 expires in · 5 'ask' or 'pass' (cold) · 6 surface p|g · 7 estimate, four numbers ·
--       8 id · 9 P · 10 S · 11 partition index of each subject, space-separated · then P record tails
--       ('<surface> <home> <4 booked> - - - -\n<subjects>\n<slots>\n<meta>\n', see record.lua) · then one line each (lines.lua).
-- Answers 'late <at>', 'stale <at>', 'cold <at> <line> …', 'refused <at> <line> <wait> <lines>',
-- 'taken <now> <at> <pace> <P epochs> <lines>'; at is now but for a repetition, which answers the pace of the first.

local caller = { run_id = ARGV[1], fresh = ARGV[2] }
local surface, P, S = byte(ARGV[6]), tonumber(ARGV[9]), tonumber(ARGV[10])
local now = now_ms()
local at = text(now)
if now > tonumber(ARGV[3]) then
  return 'late ' .. at
end
local values = call('MGET', unpack(KEYS, 1, 2 * P + S))

local epochs, states = {}, {}
for p = 1, P do
  epochs[p] = epoch_in_force(values[p], { epoch = KEYS[p], charges = KEYS[3 * P + S + p] }, caller)
end
local partitions = {}
for index in gmatch(ARGV[11], '%d+') do
  local s = #partitions + 1
  partitions[s] = tonumber(index)
  states[s] = parse_state(values[2 * P + s], epochs[partitions[s]], now)
  states[s].key, states[s].epoch = KEYS[2 * P + s], epochs[partitions[s]]
end
local lines = {}
for index = 12 + P, #ARGV do
  lines[#lines + 1] = parse_line(ARGV[index])
end

-- The same id again: the first instant, pace and epochs, the lines as they are now.
local first
for p = 1, P do
  local record = values[P + p] and parse_record(values[P + p], now)
  if record then
    first = first or record
    epochs[p] = record.epoch
  end
end
if first then
  for _, line in ipairs(lines) do
    line.hits = 0
    if line.kind == 'q' then
      pick_window(line, now)
    end
  end
  look(lines, states, now)
  local pace = match(first.paced, '^%S+') or '0'
  return concat({ 'taken', at, text(first.at), pace, concat(epochs, ' ') }, ' ') .. lines_text(lines)
end

for _, line in ipairs(lines) do
  if line.kind == 'q' and not pick_window(line, now) then
    return 'stale ' .. at
  end
end
look(lines, states, now)

local cold, refusing, pace = {}, nil, 0
for index, line in ipairs(lines) do
  if line.cold then
    cold[#cold + 1] = text(index - 1)
  elseif pace_of(line) then
    pace = max(pace, line.wait)
  elseif line.enforced and line.wait ~= 0 then
    local longest = refusing and lines[refusing].wait
    if not longest or (longest ~= -1 and (line.wait == -1 or line.wait > longest)) then
      refusing = index
    end
  end
end
if #cold > 0 and ARGV[5] == 'ask' then
  return 'cold ' .. at .. ' ' .. concat(cold, ' ')
end
if refusing then
  return 'refused ' .. at .. ' ' .. text(refusing - 1) .. ' ' .. text(lines[refusing].wait) .. lines_text(lines)
end

local estimate = parse_four(ARGV[7])
for s = 1, S do
  local state = states[s]
  local rates, quotas, windows = {}, {}, {}
  for _, rate in ipairs(state.rates) do
    if now < rate[5] then
      rates[#rates + 1] = rate
    end
  end
  for _, line in ipairs(lines) do
    if line.subject == s and line.kind == 'q' then
      windows[line.key] = line
    elseif line.subject == s and line.charged then
      local _, place = find_entry(rates, line.key)
      rates[place or #rates + 1] = line.charged
    end
  end
  for _, quota in ipairs(state.quotas) do
    local counted, quantity = byte(quota[1], 1, 2)
    if counted ~= surface and counted ~= ANY_SURFACE then
      if now < quota[3] + QUOTA_KEPT_MS then
        quotas[#quotas + 1] = quota
      end
    else
      local window = windows[quota[1]]
      local start, finish = quota[2], quota[3]
      if window then
        start, finish = window.start, window.finish
      end
      if start <= now and now < finish and used_in(quota, start, finish, now) then
        roll(quota, start, finish)
        move(quota, now, estimate[quantity - 48])
        quotas[#quotas + 1] = quota
      end
    end
  end
  state.rates, state.quotas = rates, quotas
  if state.held or #rates > 0 or #quotas > 0 then
    local value, kept = state_text(state, epochs[partitions[s]], now)
    call('SET', KEYS[2 * P + s], value, 'PX', text(kept))
  end
end

local slots = {}
for _, line in ipairs(lines) do
  if line.kind == 'c' and line.hits > 0 then
    slots[line.place] = max(slots[line.place] or 0, line.a)
  end
end
for place, slot_ms in pairs(slots) do
  hold_slot(place, ARGV[8], slot_ms, now)
end

-- What a caller who is held and leaves gives back in partition p.
local function paced_text(p)
  local parts = { text(pace) }
  for _, line in ipairs(lines) do
    if line.charged and partitions[line.subject] == p then
      local rate, name = line.charged, match(KEYS[2 * P + line.subject], '^[^}]*}:s:(.*)$')
      local how = { rate[2] - line.seen, rate[2], rate[3], line.amount }
      parts[#parts + 1] = name .. ' ' .. line.key .. ' ' .. four_text(how)
    end
  end
  return concat(parts, ' ')
end

local expires = text(now + tonumber(ARGV[4]))
for p = 1, P do
  local paced = pace > 0 and paced_text(p) or ''
  call('SET', KEYS[P + p], concat({ epochs[p], at, 'o', expires, '-', ARGV[11 + p] .. paced }, ' '))
  call('ZADD', KEYS[2 * P + S + p], expires, ARGV[8])
end

for _, line in ipairs(lines) do
  if line.kind == 'r' then
    line.seen = min(DEBT_MAX, line.seen + line.hits * line.a)
  elseif line.kind == 'c' then
    line.seen = line.seen + (line.hits > 0 and 1 or 0)
  elseif not line.cold then
    local counted, quantity = byte(line.key, 1, 2)
    local moved = (counted == surface or counted == ANY_SURFACE) and estimate[quantity - 48] or 0
    line.seen = min(USED_MAX, line.seen + moved)
  end
end
return concat({ 'taken', at, at, text(pace), concat(epochs, ' ') }, ' ') .. lines_text(lines)
