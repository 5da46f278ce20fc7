-- Purpose: what the lines of a request say at one instant, before anything is taken (core/line-state.ts). For spend and peek.
-- Line: [kind, subject, key, hits, enforced 0|1, amount, …] where subject is an index from 1 and the rest of
--       'r' (rate) is period, burst, longest pace; of 'q' (quota) start, end, next start, next end; of 'c' (cap) the milliseconds of a slot.
-- Guarantee: looks only. Two rate lines on one counter see each other's hits.

local KIND, SUBJECT, KEY, HITS, ENFORCED, AMOUNT = 1, 2, 3, 4, 5, 6
local PERIOD, BURST, PACE, SLOT_MS, START = 7, 8, 9, 7, 7

-- Sets line.start and line.finish to the window that holds now; false when neither does.
local function pick_window(line, now)
  if line[START] <= now and now < line[START + 1] then
    line.start, line.finish, line.is_next = line[START], line[START + 1], '0'
  elseif line[START + 2] <= now and now < line[START + 3] then
    line.start, line.finish, line.is_next = line[START + 2], line[START + 3], '1'
  else
    return false
  end
  return true
end

local function look_at_rate(line, lines, index, state, now)
  local key, amount, period, burst, hits = line[KEY], line[AMOUNT], line[PERIOD], line[BURST], line[HITS]
  local held
  for before = index - 1, 1, -1 do
    local other = lines[before]
    if other.charged and other[SUBJECT] == line[SUBJECT] and other[KEY] == key then
      held = other.charged
      break
    end
  end
  held = held or find_entry(state.rates, key)
  if not held and state.half > 0 then
    line.seen = debt_after_loss(amount, period, burst, now - state.half)
  else
    line.seen = debt_at(held, amount, period, burst, now)
  end
  line.wait = rate_wait(line.seen, amount, period, burst, hits)
  if hits > 0 then
    line.charged = charged_rate(held, key, line.seen + hits * period, amount, period, now)
  end
end

-- How long the caller must be held if the line is taken all the same; nil when it may not be.
local function pace_of(line)
  if line[KIND] == 'r' and line[ENFORCED] == 1 and line.wait >= 0 and line.wait <= line[PACE] then
    return line.seen + line[HITS] * line[PERIOD] <= DEBT_MAX and line.wait or nil
  end
end

local function look_at_slots(line, state, now)
  local amount = line[AMOUNT]
  line.place = slots_place(state.key, line[KEY], state.epoch)
  local held, wait = slots_held(line.place, amount, now)
  line.seen = held
  if line[HITS] == 0 or held < amount then
    line.wait = 0
  else
    line.wait = amount <= 0 and -1 or wait
  end
end

local function look_at_quota(line, state, now)
  if not line.start then
    line.start, line.finish, line.is_next = line[START], line[START + 1], '0'
  end
  local hits, amount = line[HITS], line[AMOUNT]
  line.seen = used_in(find_entry(state.quotas, line[KEY]), line.start, line.finish, now)
  if not line.seen then
    line.cold = true
  elseif hits == 0 or hits <= amount - line.seen then
    line.wait = 0
  else
    line.wait = hits > amount and -1 or line.finish - now
  end
end

local function look(lines, states, now)
  for index = 1, #lines do
    local line = lines[index]
    local kind, state = line[KIND], states[line[SUBJECT]]
    if kind == 'r' then
      look_at_rate(line, lines, index, state, now)
    elseif kind == 'q' then
      look_at_quota(line, state, now)
    else
      look_at_slots(line, state, now)
    end
  end
end

-- ' -' (cold), ' r <debt> <wait>', ' c <held> <wait>' or ' q <used> <next window 0|1> <wait>' per line; a wait of 0 fits, -1 is never.
local function lines_text(lines)
  local parts = {}
  for index = 1, #lines do
    local line = lines[index]
    if line.cold then
      parts[index] = ' -'
    elseif line[KIND] == 'q' then
      parts[index] = format(' q %d %s %d', line.seen, line.is_next, line.wait)
    else
      parts[index] = format(' %s %d %d', line[KIND], line.seen, line.wait)
    end
  end
  return concat(parts)
end
