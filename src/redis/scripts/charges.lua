-- Purpose: reads one partition's charge stream after a checkpoint, for the ledger.
-- Guarantee: in order; from the start when the checkpoint is absent or of another epoch. Changes nothing but a passed epoch.
-- KEYS: 1 epoch · 2 charges.
-- ARGV: 1 run id · 2 fresh epoch text · 3 the checkpoint's epoch or '-' · 4 its position or '-' · 5 how many at most.
-- Answers { epoch, position when there are no entries, entries }.

local keys = { epoch = KEYS[1], charges = KEYS[2] }
local epoch, floor = epoch_in_force(call('GET', KEYS[1]), keys, { run_id = ARGV[1], fresh = ARGV[2] })
if ARGV[3] ~= epoch then
  return { epoch, floor, call('XRANGE', KEYS[2], '-', '+', 'COUNT', ARGV[5]) }
end
return { epoch, ARGV[4], call('XRANGE', KEYS[2], '(' .. ARGV[4], '+', 'COUNT', ARGV[5]) }
