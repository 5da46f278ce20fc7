-- Purpose: forgets charges that the ledger has read and that are old enough.
-- Guarantee: nothing after the checkpoint goes; where the stream now begins is remembered as the epoch's floor, so that no seed is
-- computed from before it. A checkpoint of another epoch trims nothing.
-- KEYS: 1 epoch · 2 charges.
-- ARGV: 1 run id · 2 fresh epoch text · 3 the checkpoint's epoch · 4 its position · 5 keep so many milliseconds.
-- Answers how many, as text.

local caller = { run_id = ARGV[1], fresh = ARGV[2] }
local epoch = epoch_in_force(call('GET', KEYS[1]), { epoch = KEYS[1], charges = KEYS[2] }, caller)
if ARGV[3] ~= epoch then
  return '0'
end
-- Entries are as old as their position says; positions are made by the server's clock.
local oldest = now_ms() - tonumber(ARGV[5])
local ms, count = match(ARGV[4], '^(%d+)-(%d+)$')
local floor, first_kept = ARGV[4], ms .. '-' .. text(tonumber(count) + 1)
if oldest <= tonumber(ms) then
  floor, first_kept = text(oldest - 1) .. '-9007199254740991', text(oldest) .. '-0'
end
if oldest <= 0 then
  return '0'
end
local removed = call('XTRIM', KEYS[2], 'MINID', '=', first_kept)
if removed > 0 then
  call('SET', KEYS[1], epoch .. ' ' .. caller.run_id .. ' ' .. floor)
end
return text(removed)
