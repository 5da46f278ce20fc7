-- Purpose: the epoch of a partition, shared by all scripts. Value of an epoch key: '<epoch> <run id> <floor>'.
-- Guarantee: another run id (the server was restarted or replaced) or no value begins a new epoch in the same script, before anything
-- is read of what the old one left. The floor is the stream position below which no seed can be computed: where the epoch began, or
-- what was trimmed since.

local match, gmatch, find, byte, format = string.match, string.gmatch, string.find, string.byte, string.format
local concat, max, min, call = table.concat, math.max, math.min, redis.call

-- The only way a whole number becomes text: Lua's own way loses digits above 2^47. %d is exact to 2^63 where a C long has 64 bits, which
-- every connection makes sure of, and takes half as long as %.0f.
local function text(number)
  return format('%d', number)
end

-- caller: { run_id = run id of the server as the caller's connection knows it, fresh = text that no other connection drew }
local function epoch_in_force(value, keys, caller)
  if value then
    local epoch, run_id, floor = match(value, '^(%S+) (%S+) (%S+)$')
    if run_id == caller.run_id then
      return epoch, floor
    end
  end
  local time = call('TIME')
  local epoch = caller.fresh .. '-' .. time[1] .. time[2]
  local last = call('XREVRANGE', keys.charges, '+', '-', 'COUNT', 1)[1]
  local floor = last and last[1] or '0-0'
  call('SET', keys.epoch, epoch .. ' ' .. caller.run_id .. ' ' .. floor)
  return epoch, floor
end

-- Whether one stream position lies before another.
local function is_before(left, right)
  local left_ms, left_count = match(left, '^(%d+)-(%d+)$')
  local right_ms, right_count = match(right, '^(%d+)-(%d+)$')
  if left_ms ~= right_ms then
    return tonumber(left_ms) < tonumber(right_ms)
  end
  return tonumber(left_count) < tonumber(right_count)
end
