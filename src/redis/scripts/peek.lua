-- Purpose: looks at the counters of some lines and takes nothing (core/spend-decision.ts, decidePeek).
-- Guarantee: one instant for all lines; a cold counter is answered as cold.
-- KEYS: P epoch keys, S subject keys, P charges keys.
-- ARGV: 1 run id · 2 fresh epoch text · 3 asked, as JSON: [index of each subject's partition, lines (lines.lua)].
-- Answers 'stale <at>' or 'seen <at> <lines>'.

local caller = { run_id = ARGV[1], fresh = ARGV[2] }
local asked = cjson.decode(ARGV[3])
local partitions, lines = asked[1], asked[2]
local S = #partitions
local P = (#KEYS - S) / 2
local now = now_ms()

for _, line in ipairs(lines) do
  if line[KIND] == 'q' and not pick_window(line, now) then
    return 'stale ' .. text(now)
  end
end

local values = call('MGET', unpack(KEYS, 1, P + S))
local epochs, states = {}, {}
for p = 1, P do
  epochs[p] = epoch_in_force(values[p], { epoch = KEYS[p], charges = KEYS[P + S + p] }, caller)
end
for s = 1, S do
  local epoch = epochs[partitions[s]]
  local state = parse_state(values[P + s], epoch, now)
  state.key, state.epoch = KEYS[P + s], epoch
  states[s] = state
end
look(lines, states, now)
return 'seen ' .. text(now) .. lines_text(lines)
