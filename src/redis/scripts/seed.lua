-- Purpose: recomputes counters of one subject from the ledger's figures (core/seed-decision.ts, decideSeed).
-- Guarantee: figure + differences after the checkpoint + what pending records owe to the stream. 'behind', and nothing changes, when the
-- checkpoint is of another epoch, lies before the epoch's floor, too much or an entry without difference of this subject lies after it, or
-- more reservations are pending than one script may read: nobody else is served while it reads them, 2 µs each.
-- KEYS: 1 epoch · 2 pending · 3 charges · 4 stale · 5 the subject.
-- ARGV: 1 run id · 2 fresh epoch text · 3 the checkpoint's epoch · 4 its position · 5 the subject's name · 6 prefix of the partition's
--       record keys · then per counter '<key> <start> <end> <used>'.
-- Answers 'behind', or 'seeded <figures that would have gone below 0>'.

local now = now_ms()
local keys = { epoch = KEYS[1], charges = KEYS[3] }
local epoch, floor = epoch_in_force(call('GET', KEYS[1]), keys, { run_id = ARGV[1], fresh = ARGV[2] })
if ARGV[3] ~= epoch or is_before(ARGV[4], floor) then
  return 'behind'
end
local from = { position = ARGV[4], pending = KEYS[2], charges = KEYS[3], name = ARGV[5], prefix = ARGV[6] }
local charges = charges_since(from, now)
if not charges then
  return 'behind'
end

local state = parse_state(call('GET', KEYS[5]), epoch, now)
if call('SREM', KEYS[4], ARGV[5]) == 1 then
  -- The other counters of a stale subject are as doubtful as the seeded ones: cold.
  state.quotas = {}
end
local clamps = 0
for index = 7, #ARGV do
  local key, start, finish, booked = parse_counter(ARGV[index])
  -- A window that does not run now would roll to 0 and forget what was booked meanwhile: better cold.
  if start <= now and now < finish then
    local used = figure(key, start, finish, booked, charges)
    clamps = clamps + (used < 0 and 1 or 0)
    local _, place = find_entry(state.quotas, key)
    local range = text(start) .. ' ' .. text(finish)
    state.quotas[place or #state.quotas + 1] =
      { key, start, finish, min(USED_MAX, max(0, used)), range, '0 0 0' }
  end
end
local value, kept = state_text(state, epoch, now)
call('SET', KEYS[5], value, 'PX', text(kept))
return 'seeded ' .. text(clamps)
