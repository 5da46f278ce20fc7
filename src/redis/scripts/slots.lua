-- Purpose: the slots of in-flight caps (core/slot.ts): one sorted set per subject, counter and epoch, of reservation ids by the end of
-- their slot. It lies beside the subject's key, under a name with spaces, which no subject's key has.
-- Guarantee: a slot past its time is as if it had never been; a passed epoch's slots are gone with it.

local SLOTS_KEPT_MS = 60000 -- beyond their end, in case the clock is set back a little

local function slots_place(subject_key, counter, epoch)
  return subject_key .. ' ' .. counter .. ' ' .. epoch
end

local function hold_slot(place, id, slot_ms, now)
  call('ZREMRANGEBYSCORE', place, '-inf', text(now - SLOTS_KEPT_MS))
  call('ZADD', place, text(now + slot_ms), id)
  call('PEXPIRE', place, text(slot_ms + SLOTS_KEPT_MS))
end

-- How many are held, and how long until there are fewer than `amount`.
local function slots_held(place, amount, now)
  local all = call('ZCARD', place)
  if all == 0 then
    return 0, 0
  end
  local ended = call('ZCOUNT', place, '-inf', text(now))
  local held = all - ended
  if held < amount or amount <= 0 then
    return held, 0
  end
  local rank = text(all - amount)
  return held, tonumber(call('ZRANGE', place, rank, rank, 'WITHSCORES')[2]) - now
end
