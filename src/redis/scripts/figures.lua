-- Purpose: what one subject was charged and the ledger's figures do not hold yet, for the script that recomputes counters (seed.lua) and the
-- one that only compares them (compare.lua): core/seed-decision.ts, chargesOf and figure.
-- Guarantee: looks only. No charges (nil) when the figures are behind: too much or an entry without difference of this subject lies after
-- the checkpoint, or more reservations are pending than one script may read: nobody else is served while it reads them, 2 µs each.

local ENTRIES_MAX, PENDING_MAX, RECORDS_AT_ONCE = 5000, 8000, 200

local function parse_counter(value)
  local key, start, finish, used = match(value, '^(%S+) (%S+) (%S+) (%S+)$')
  return key, tonumber(start), tonumber(finish), tonumber(used)
end

-- from: { position of the checkpoint, pending and charges keys, name of the subject, prefix of record keys }
local function charges_since(from, now)
  if call('ZCARD', from.pending) > PENDING_MAX then
    return nil
  end
  local name = ' ' .. from.name .. ' '
  local function concerns(subjects)
    return find(' ' .. subjects .. ' ', name, 1, true)
  end
  local charges = {}
  local entries = call('XRANGE', from.charges, '(' .. from.position, '+', 'COUNT', ENTRIES_MAX + 1)
  if #entries > ENTRIES_MAX then
    return nil
  end
  for _, entry in ipairs(entries) do
    local fields = entry[2]
    if concerns(fields[4]) then
      local at, differences, surface =
        match(fields[2], '^%S+ %S+ (%S+) %a %S+ %S+ %S+ %S+ (%S+ %S+ %S+ %S+) %S+ %d %d (%a) ')
      if differences == NOTHING then
        return nil
      end
      charges[#charges + 1] = { at = tonumber(at), by = parse_four(differences), surface = byte(surface) }
    end
  end
  local pending = call('ZRANGE', from.pending, 0, -1)
  for first = 1, #pending, RECORDS_AT_ONCE do
    local record_keys = {}
    for index = first, min(#pending, first + RECORDS_AT_ONCE - 1) do
      record_keys[#record_keys + 1] = from.prefix .. pending[index]
    end
    for _, value in ipairs(call('MGET', unpack(record_keys))) do
      local record = value and find(value, from.name, 1, true) and parse_record(value, now)
      if record and concerns(record.subjects) then
        charges[#charges + 1] = { at = record.at, by = unappended(record), surface = byte(record.surface) }
      end
    end
  end
  return charges
end

-- What the counter has used, with these charges on top of what the books have.
local function figure(key, start, finish, used, charges)
  local counted, quantity = byte(key, 1, 2)
  for _, charge in ipairs(charges) do
    if start <= charge.at and charge.at < finish and (counted == ANY_SURFACE or counted == charge.surface) then
      used = used + charge.by[quantity - 48]
    end
  end
  return used
end
