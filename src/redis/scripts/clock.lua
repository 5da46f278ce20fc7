-- Purpose: the one place where scripts read time. Put before every script.
-- Guarantee: now_ms() is the server's own clock in whole epoch milliseconds; no time of a client ever counts.

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
