-- Purpose: one process says that it lives, or leaves; answers who else does and when log entries may last have been lost
-- (core/process-roll.ts, decideRoll).
-- Guarantee: judged by the server's clock alone. The hash holds a field per process that beat within GONE_MS, and two of its own; it never
-- expires. A roll of another run id is one that may have forgotten: a break.
-- KEYS: 1 roll.
-- ARGV: 1 run id · 2 id of the process · 3 join|beat|leave · 4 '1' when one of its streams broke, else '0'.
-- Answers '<live processes> <broke at>'.

local SILENT_MS, GONE_MS = 1500, 20000
local now = now_ms()
local own, event = ARGV[2], ARGV[3]
local fields = call('HGETALL', KEYS[1])
local run_id, broke_at, before
local processes = event == 'leave' and 0 or 1
local broken = ARGV[4] == '1'

for index = 1, #fields, 2 do
  local id, value = fields[index], fields[index + 1]
  if id == '!run' then
    run_id = value
  elseif id == '!broke' then
    broke_at = value
  elseif id == own then
    before = tonumber(value)
  else
    local at = tonumber(value)
    if at > now then
      broken, at = true, now
      call('HSET', KEYS[1], id, text(now))
    end
    if now - at >= SILENT_MS then
      broken = true
    else
      processes = processes + 1
    end
    if now - at >= GONE_MS then
      call('HDEL', KEYS[1], id)
    end
  end
end
if before then
  broken = broken or now - before >= SILENT_MS or before > now
else
  broken = broken or event == 'beat'
end
if broken or run_id ~= ARGV[1] or not broke_at then
  broke_at = text(now)
  call('HSET', KEYS[1], '!run', ARGV[1], '!broke', broke_at)
end
if event == 'leave' then
  call('HDEL', KEYS[1], own)
else
  call('HSET', KEYS[1], own, text(now))
end
return text(processes) .. ' ' .. broke_at
