-- Purpose: what a report or an expiry does beyond the record: counters, slots and paced rates (memory/partition.ts, apply).
-- Guarantee: every warm counter of the record's subjects whose window holds the spend's instant moves by the difference, no other.

-- Answers how many figures would have gone below 0.
local function move_subjects(record, by, epoch, prefix, now)
  local clamps = 0
  for name in gmatch(record.subjects, '%S+') do
    local key = prefix .. name
    local state = parse_state(call('GET', key), epoch, now)
    if #state.quotas > 0 then
      for _, quota in ipairs(state.quotas) do
        local counted, quantity = byte(quota[1], 1, 2)
        if counted == ANY_SURFACE or counted == byte(record.surface) then
          clamps = clamps + move(quota, record.at, by[quantity - 48])
        end
      end
      call('SET', key, (state_text(state, epoch, now)), 'KEEPTTL')
    end
  end
  return clamps
end

-- Books other amounts than the record stood at; answers how many figures would have gone below 0.
local function book(record, booked, epoch, prefix, now)
  if same(record.booked, booked) then
    return 0
  end
  local by = difference(booked, record.booked)
  record.booked = booked
  return move_subjects(record, by, epoch, prefix, now)
end

local function renew_slots(record, id, epoch, prefix, now)
  for name, counter, slot_ms in gmatch(record.slots, '(%S+) (%S+) (%S+)') do
    hold_slot(slots_place(prefix .. name, counter, epoch), id, tonumber(slot_ms), now)
  end
end

local function free_slots(record, id, epoch, prefix)
  for name, counter in gmatch(record.slots, '(%S+) (%S+) %S+') do
    call('ZREM', slots_place(prefix .. name, counter, epoch), id)
  end
end

-- The caller was held and left: the record's rates get their debt back.
local function give_back(record, epoch, prefix, now)
  for name, counter, taken, debt, period, amount in
    gmatch(record.paced, ' (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)')
  do
    local key = prefix .. name
    local state = parse_state(call('GET', key), epoch, now)
    local rate = find_entry(state.rates, counter)
    if rate and now < rate[5] then
      give_debt_back(rate, tonumber(taken), tonumber(debt), tonumber(period), tonumber(amount), now - record.at)
      call('SET', key, (state_text(state, epoch, now)), 'KEEPTTL')
    end
  end
end
