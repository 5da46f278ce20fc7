-- Purpose: looks at the counters of some lines and takes nothing (core/spend-decision.ts, decidePeek).
-- Guarantee: one instant for all lines; a cold counter is answered as cold.
-- KEYS: P epoch keys, S subject keys, P charges keys.
-- ARGV: 1 run id · 2 fresh epoch text · 3 P · 4 S · 5 partition index of each subject, space-separated · then one line each (lines.lua).
-- Answers 'stale <at>' or 'seen <at> <lines>'.

local caller = { run_id = ARGV[1], fresh = ARGV[2] }
local P, S = tonumber(ARGV[3]), tonumber(ARGV[4])
local now = now_ms()

local lines = {}
for index = 6, #ARGV do
  local line = parse_line(ARGV[index])
  if line.kind == 'q' and not pick_window(line, now) then
    return 'stale ' .. text(now)
  end
  lines[#lines + 1] = line
end

local values = call('MGET', unpack(KEYS, 1, P + S))
local epochs, states = {}, {}
for p = 1, P do
  epochs[p] = epoch_in_force(values[p], { epoch = KEYS[p], charges = KEYS[P + S + p] }, caller)
end
for index in gmatch(ARGV[5], '%d+') do
  local s = #states + 1
  states[s] = parse_state(values[P + s], epochs[tonumber(index)], now)
  states[s].key, states[s].epoch = KEYS[P + s], epochs[tonumber(index)]
end
look(lines, states, now)
return 'seen ' .. text(now) .. lines_text(lines)
