-- Purpose: a rate's arithmetic, as core/rate.ts specifies it. A rate is an array { key, debt, period, at, empty }.
-- Guarantee: only integers, exact below 2^53; debt is kept in hits x period.

local DEBT_MAX = 4503599627370496 -- 2^52
local CLOCK_JUMP_MS = 5000

local function debt_in_period(rate, period, burst)
  if rate[3] == period then
    return rate[2]
  end
  local rest = rate[2] % rate[3]
  local whole = (rate[2] - rest) / rate[3]
  return min(burst * period, whole * period + math.ceil(rest * period / rate[3]))
end

local function debt_at(rate, amount, period, burst, now)
  if not rate or now >= rate[5] then
    return 0
  end
  return max(0, debt_in_period(rate, period, burst) - max(0, now - rate[4]) * amount)
end

local function debt_after_loss(amount, period, burst, elapsed)
  return max(0, math.floor(burst * period / 2) - max(0, elapsed) * amount)
end

-- 0 = fits now, -1 = never
local function rate_wait(debt, amount, period, burst, hits)
  local capacity, cost = burst * period, hits * period
  if hits == 0 or debt + cost <= capacity then
    return 0
  end
  if cost > capacity or amount <= 0 then
    return -1
  end
  return math.ceil((debt + cost - capacity) / amount)
end

-- What `taken` of the debt it left, `elapsed` ago, has not leaked yet is given back (core/rate.ts, debtGivenBack).
local function give_debt_back(rate, taken, debt, period, amount, elapsed)
  local left = min(taken, max(0, debt - max(0, elapsed) * amount))
  local rest = left % period
  local whole = (left - rest) / period
  rate[2] = max(0, rate[2] - (whole * rate[3] + math.floor(rest * rate[3] / period)))
end

local function charged_rate(rate, key, debt, amount, period, now)
  debt = min(DEBT_MAX, debt)
  local at = now
  if rate and rate[4] - now <= CLOCK_JUMP_MS and rate[4] > now then
    at = rate[4]
  end
  local leak = amount > 0 and math.ceil(debt / amount) or DEBT_MAX
  return { key, debt, period, at, at + leak }
end
