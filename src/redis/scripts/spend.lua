-- Purpose: takes the hits of all lines of one request, or nothing (core/spend-decision.ts, decideSpend).
-- Guarantee: all or nothing over every partition named; time is the server's; a refusal, a cold counter and a late start take nothing;
-- the same id twice takes once. A reservation leaves one record in every partition named. A rate line that would fit soon enough is taken
-- ahead of its time, and the answer says how long its caller is to be held.
-- KEYS: P epoch keys, P record keys, S subject keys, P pending keys, P charges keys.
-- ARGV: 1 run id · 2 fresh epoch text · 3 id · 4 asked, as JSON: [not after, expires in, cold passes 0|1, surface 'p'|'g', estimate, index of
--       each subject's partition, lines (lines.lua), 1 for one of several parts] · then P record tails
--       ('<surface> <home> <4 booked> - - - -\n<subjects>\n<slots>\n<meta>\n', see record.lua).
-- Answers 'late <at>', 'stale <at>', 'cold <at> <line> …', 'refused <at> <line> <wait> <lines>',
-- 'taken <now> <at> <pace> <P epochs> <lines>'; at is now but for a repetition, which answers the pace of the first.

local caller = { run_id = ARGV[1], fresh = ARGV[2] }
local id, asked = ARGV[3], cjson.decode(ARGV[4])
local surface, estimate, partitions, lines = byte(asked[4]), asked[5], asked[6], asked[7]
local P, S, L = #ARGV - 4, #partitions, #lines
local now = now_ms()
local at = text(now)
if now > asked[1] then
  return 'late ' .. at
end
local values = call('MGET', unpack(KEYS, 1, 2 * P + S))

local epochs, states = {}, {}
for p = 1, P do
  epochs[p] = epoch_in_force(values[p], { epoch = KEYS[p], charges = KEYS[3 * P + S + p] }, caller)
end
for s = 1, S do
  local epoch = epochs[partitions[s]]
  local state = parse_state(values[2 * P + s], epoch, now)
  state.key, state.epoch = KEYS[2 * P + s], epoch
  states[s] = state
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
    line[HITS] = 0
    if line[KIND] == 'q' then
      pick_window(line, now)
    end
  end
  look(lines, states, now)
  local pace = match(first.paced, '^%S+') or '0'
  return concat({ 'taken', at, text(first.at), pace, concat(epochs, ' ') }, ' ') .. lines_text(lines)
end

for index = 1, L do
  local line = lines[index]
  if line[KIND] == 'q' and not pick_window(line, now) then
    return 'stale ' .. at
  end
end
look(lines, states, now)

local cold, refusing, pace = nil, nil, 0
for index = 1, L do
  local line = lines[index]
  if line.cold then
    cold = (cold or '') .. ' ' .. text(index - 1)
  elseif line.wait ~= 0 and line[ENFORCED] == 1 then
    local longest = refusing and lines[refusing].wait
    if pace_of(line) then
      pace = max(pace, line.wait)
    elseif not longest or (longest ~= -1 and (line.wait == -1 or line.wait > longest)) then
      refusing = index
    end
  end
end
if cold and asked[3] == 0 then
  return 'cold ' .. at .. cold
end
if refusing then
  return 'refused ' .. at .. ' ' .. text(refusing - 1) .. ' ' .. text(lines[refusing].wait) .. lines_text(lines)
end

-- Rates of subject s that are not empty, those of the lines as they are once taken.
local function taken_rates(s, rates)
  local kept = {}
  for index = 1, #rates do
    if now < rates[index][5] then
      kept[#kept + 1] = rates[index]
    end
  end
  for index = 1, L do
    local line = lines[index]
    if line.charged and line[SUBJECT] == s then
      local _, place = find_entry(kept, line[KEY])
      kept[place or #kept + 1] = line.charged
    end
  end
  return kept
end

-- The running window as the first line that looks at the subject's counter has it, else the counter's own.
local function window_of(s, quota)
  for index = 1, L do
    local line = lines[index]
    if line[SUBJECT] == s and line[KEY] == quota[1] and line[KIND] == 'q' then
      return line.start, line.finish
    end
  end
  return quota[2], quota[3]
end

-- Counters of subject s that know the running window, moved by the estimate; those of the other surface as they are.
local function taken_quotas(s, quotas)
  local kept = {}
  for index = 1, #quotas do
    local quota = quotas[index]
    local counted, quantity = byte(quota[1], 1, 2)
    if counted ~= surface and counted ~= ANY_SURFACE then
      if now < quota[3] + QUOTA_KEPT_MS then
        kept[#kept + 1] = quota
      end
    else
      local start, finish = window_of(s, quota)
      if start <= now and now < finish and used_in(quota, start, finish, now) then
        roll(quota, start, finish)
        quota[4] = min(USED_MAX, quota[4] + estimate[quantity - 48])
        kept[#kept + 1] = quota
      end
    end
  end
  return kept
end

for s = 1, S do
  local state = states[s]
  state.rates, state.quotas = taken_rates(s, state.rates), taken_quotas(s, state.quotas)
  if state.held or #state.rates > 0 or #state.quotas > 0 then
    local value, kept = state_text(state, state.epoch, now)
    call('SET', state.key, value, 'PX', text(kept))
  end
end

local slots
for index = 1, L do
  local line = lines[index]
  if line.place and line[HITS] > 0 then
    slots = slots or {}
    slots[line.place] = max(slots[line.place] or 0, line[SLOT_MS])
  end
end
for place, slot_ms in pairs(slots or {}) do
  hold_slot(place, id, slot_ms, now)
end

-- What a caller who is held and leaves, or is refused by another part, gives back in partition p.
local function paced_text(p)
  local parts = { text(pace) }
  for _, line in ipairs(lines) do
    if line.charged and partitions[line[SUBJECT]] == p then
      local rate, name = line.charged, match(states[line[SUBJECT]].key, '^[^}]*}:s:(.*)$')
      local how = { rate[2] - line.seen, rate[2], rate[3], line[AMOUNT] }
      parts[#parts + 1] = name .. ' ' .. line[KEY] .. ' ' .. four_text(how)
    end
  end
  return concat(parts, ' ')
end

local expires = text(now + asked[2])
for p = 1, P do
  local paced = (pace > 0 or asked[8] == 1) and paced_text(p) or ''
  call('SET', KEYS[P + p], epochs[p] .. ' ' .. at .. ' o ' .. expires .. ' - ' .. ARGV[4 + p] .. paced)
  call('ZADD', KEYS[2 * P + S + p], expires, id)
end

for index = 1, L do
  local line = lines[index]
  if line.charged then
    line.seen = line.charged[2]
  elseif line.place then
    line.seen = line.seen + (line[HITS] > 0 and 1 or 0)
  elseif line.seen and line[KIND] == 'q' then
    local counted, quantity = byte(line[KEY], 1, 2)
    if counted == surface or counted == ANY_SURFACE then
      line.seen = min(USED_MAX, line.seen + estimate[quantity - 48])
    end
  end
end
return 'taken ' .. at .. ' ' .. at .. ' ' .. text(pace) .. ' ' .. concat(epochs, ' ') .. lines_text(lines)
