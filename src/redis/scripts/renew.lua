-- Purpose: a new epoch of one partition, whatever its server, when the books are no longer those that its counters were seeded from.
-- Guarantee: as when the server is restarted: every counter and rate of the partition is cold, what is reserved stays reserved, and the
-- stream is read again from its start. A partition that was never used stays so.
-- KEYS: 1 epoch · 2 charges.
-- ARGV: 1 run id · 2 fresh epoch text.
-- Answers '1', or '0' for one that was never used.

if not call('GET', KEYS[1]) then
  return '0'
end
epoch_in_force(false, { epoch = KEYS[1], charges = KEYS[2] }, { run_id = ARGV[1], fresh = ARGV[2] })
return '1'
