-- Purpose: the text of a reservation's record, and of the stream entry that tells the ledger about it (core/charge-record.ts).
-- Record: '<epoch> <at> <o|h|f> <expires> <forget|-> <surface> <home> <4 booked> <4 appended|- - - ->\n<subjects>\n<slots>\n<meta>\n<paced>';
-- open and never reported (o), open and heard of (h), final (f); slots are '<subject> <counter> <ms>' each; paced is '' or '<pace ms>' and
-- ' <subject> <counter> <taken> <debt> <period> <amount>' for every rate line (core/charge-record.ts, PacedSpend).
-- Entry, field e: '<epoch> <id> <at> <o|f> <4 amounts> <4 differences|- - - -> <outcome> <unsettled> <only if booked> <surface> <home>',
-- fields s and m: subjects and meta, as in the record.
-- Guarantee: a record past its `forget` time is as if it had never been; one that owes anything to the stream has none.

local NOTHING = '- - - -'

local function parse_four(four)
  local a, b, c, d = match(four, '^(%S+) (%S+) (%S+) (%S+)$')
  return { tonumber(a), tonumber(b), tonumber(c), tonumber(d) }
end

local function four_text(four)
  return format('%d %d %d %d', four[1], four[2], four[3], four[4])
end

local function difference(left, right)
  return { left[1] - right[1], left[2] - right[2], left[3] - right[3], left[4] - right[4] }
end

local function same(left, right)
  return left[1] == right[1] and left[2] == right[2] and left[3] == right[3] and left[4] == right[4]
end

local function larger(left, right)
  return { max(left[1], right[1]), max(left[2], right[2]), max(left[3], right[3]), max(left[4], right[4]) }
end

-- nil when there is none, or it is past its time.
local function parse_record(value, now)
  if not value then
    return nil
  end
  local epoch, at, state, expires, forget, surface, home, booked, appended, subjects, slots, meta, paced = match(
    value,
    '^(%S+) (%S+) (%a) (%S+) (%S+) (%a) (%S+) (%S+ %S+ %S+ %S+) (%S+ %S+ %S+ %S+)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$'
  )
  if forget ~= '-' and now >= tonumber(forget) then
    return nil
  end
  return {
    epoch = epoch,
    at = tonumber(at),
    state = state,
    expires = expires,
    forget = forget,
    surface = surface,
    home = home,
    booked = parse_four(booked),
    appended = appended ~= NOTHING and parse_four(appended) or nil,
    subjects = subjects,
    slots = slots,
    meta = meta,
    paced = paced,
  }
end

local function record_text(r)
  local head = concat({ r.epoch, text(r.at), r.state, r.expires, r.forget, r.surface, r.home }, ' ')
  local appended = r.appended and four_text(r.appended) or NOTHING
  local lines = { four_text(r.booked) .. ' ' .. appended, r.subjects, r.slots, r.meta, r.paced }
  return head .. ' ' .. concat(lines, '\n')
end

-- What the record still owes to the stream.
local function unappended(record)
  return record.appended and difference(record.booked, record.appended) or record.booked
end

-- Positions are made of the scripts' own clock, and go up even if it does not. charge: { epoch, id, at, state, amounts, differences or nil, outcome, unsettled, only_if_booked, surface, home,
-- subjects, meta }
local function append(charges_key, charge, now)
  local words = {
    charge.epoch,
    charge.id,
    text(charge.at),
    charge.state,
    four_text(charge.amounts),
    charge.differences and four_text(charge.differences) or NOTHING,
    charge.outcome,
    charge.unsettled,
    charge.only_if_booked,
    charge.surface,
    charge.home,
  }
  local entry = concat(words, ' ')
  local added = redis.pcall('XADD', charges_key, text(now) .. '-*', 'e', entry, 's', charge.subjects, 'm', charge.meta)
  if type(added) == 'table' and added.err then
    call('XADD', charges_key, '*', 'e', entry, 's', charge.subjects, 'm', charge.meta)
  end
end

-- how: { outcome, unsettled, forgotten_in = the epoch in force when the record is of another one: told without difference, or nil }
local function append_record(charges_key, id, record, how, now)
  append(charges_key, {
    epoch = how.forgotten_in or record.epoch,
    id = id,
    at = record.at,
    state = record.state == 'f' and 'f' or 'o',
    amounts = record.booked,
    differences = not how.forgotten_in and unappended(record) or nil,
    outcome = how.outcome,
    unsettled = how.unsettled,
    only_if_booked = '0',
    surface = record.surface,
    home = record.home,
    subjects = record.subjects,
    meta = record.meta,
  }, now)
end

local function mark_stale(stale_key, subjects)
  for name in gmatch(subjects, '%S+') do
    call('SADD', stale_key, name)
  end
end
