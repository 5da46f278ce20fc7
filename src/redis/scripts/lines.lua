-- Purpose: what the lines of a request say at one instant, before anything is taken (core/line-state.ts). For spend and peek.
-- Line: 'r <subject> <key> <hits> <enforced 0|1> <amount> <period> <burst> <longest pace>',
--       'q <subject> <key> <hits> <enforced> <amount> <start> <end> <next start> <next end>' or
--       'c <subject> <key> <hits> <enforced> <amount> <slot ms>'; subject is an index from 1.
-- Guarantee: looks only. Two rate lines on one counter see each other's hits.

local LINE = '^(%a) (%d+) (%S+) (%S+) (%d) (%S+) (%S+) ?(%S*) ?(%S*) ?(%S*)$'

local function parse_line(value)
  local kind, subject, key, hits, enforced, amount, a, b, c, d = match(value, LINE)
  return {
    kind = kind,
    subject = tonumber(subject),
    key = key,
    hits = tonumber(hits),
    enforced = enforced == '1',
    amount = tonumber(amount),
    a = tonumber(a),
    b = tonumber(b),
    c = tonumber(c),
    d = tonumber(d),
  }
end

-- Sets line.start and line.finish to the window that holds now; false when neither does.
local function pick_window(line, now)
  if line.a <= now and now < line.b then
    line.start, line.finish = line.a, line.b
  elseif line.c <= now and now < line.d then
    line.start, line.finish = line.c, line.d
  else
    return false
  end
  return true
end

local function look_at_rate(line, state, charged, now)
  local held = charged[line.subject .. line.key] or find_entry(state.rates, line.key)
  if not held and state.half > 0 then
    line.seen = debt_after_loss(line.amount, line.a, line.b, now - state.half)
  else
    line.seen = debt_at(held, line.amount, line.a, line.b, now)
  end
  line.wait = rate_wait(line.seen, line.amount, line.a, line.b, line.hits)
  if line.hits > 0 then
    line.charged = charged_rate(held, line.key, line.seen + line.hits * line.a, line.amount, line.a, now)
    charged[line.subject .. line.key] = line.charged
  end
end

-- How long the caller must be held if the line is taken all the same; nil when it may not be.
local function pace_of(line)
  if line.kind == 'r' and line.enforced and line.wait >= 0 and line.wait <= line.c then
    return line.seen + line.hits * line.a <= DEBT_MAX and line.wait or nil
  end
end

local function look_at_slots(line, state, now)
  line.place = slots_place(state.key, line.key, state.epoch)
  local held, wait = slots_held(line.place, line.amount, now)
  line.seen = held
  if line.hits == 0 or held < line.amount then
    line.wait = 0
  else
    line.wait = line.amount <= 0 and -1 or wait
  end
end

local function look_at_quota(line, state, now)
  local start, finish = line.start or line.a, line.finish or line.b
  line.start, line.finish = start, finish
  line.seen = used_in(find_entry(state.quotas, line.key), start, finish, now)
  if not line.seen then
    line.cold = true
  elseif line.hits == 0 or line.hits <= line.amount - line.seen then
    line.wait = 0
  else
    line.wait = line.hits > line.amount and -1 or finish - now
  end
end

local function look(lines, states, now)
  local charged = {}
  for _, line in ipairs(lines) do
    if line.kind == 'r' then
      look_at_rate(line, states[line.subject], charged, now)
    elseif line.kind == 'c' then
      look_at_slots(line, states[line.subject], now)
    else
      look_at_quota(line, states[line.subject], now)
    end
  end
end

-- ' -' (cold), ' r <debt> <wait>', ' c <held> <wait>' or ' q <used> <start> <end> <wait>' per line; a wait of 0 fits, -1 is never.
local function lines_text(lines)
  local parts = {}
  for index, line in ipairs(lines) do
    if line.cold then
      parts[index] = ' -'
    elseif line.kind ~= 'q' then
      parts[index] = format(' %s %.0f %.0f', line.kind, line.seen, line.wait)
    else
      parts[index] = format(' q %.0f %.0f %.0f %.0f', line.seen, line.start, line.finish, line.wait)
    end
  end
  return concat(parts)
end
