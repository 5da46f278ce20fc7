-- Purpose: merges the cumulative actual of one reservation in every partition it touched (core/report-decision.ts, decideReport).
-- Guarantee: duplicates and reordering change nothing; `open` only raises, `final` decides, of two finals the larger amounts stand; every
-- warm counter of the record's subjects whose window holds the spend's instant moves by the difference; `final` appends once. `open`
-- renews the record's slots, `final` frees them; a refund of a caller who was held gives its rates their debt back.
-- KEYS: per partition epoch, record, pending, charges and stale key.
-- ARGV: 1 run id · 2 fresh epoch text · 3 id · 4 at · 5 state o|f · 6 amounts, four numbers · 7 outcome · 8 expires in ·
--       9 not after or '-' (only a refund has it) · 10 surface p|g · 11 home · 12 meta · then per partition its subjects and the prefix
--       of its subject keys.
-- Answers 'early|unrecorded|booked <now> <figures that would have gone below 0>'.

local FINAL_KEPT_MS = 60000
local caller = { run_id = ARGV[1], fresh = ARGV[2] }
local id, amounts, refund = ARGV[3], parse_four(ARGV[6]), ARGV[9] ~= '-'
local now = now_ms()

local P = #KEYS / 5
local epochs, held, records = {}, {}, {}
for p = 1, P do
  local key = 5 * p - 4
  local values = call('MGET', KEYS[key], KEYS[key + 1])
  epochs[p] = epoch_in_force(values[1], { epoch = KEYS[key], charges = KEYS[key + 3] }, caller)
  held[p], records[p] = values[2], parse_record(values[2], now)
end
if refund and now <= tonumber(ARGV[9]) then
  for p = 1, P do
    if not records[p] then
      return 'early ' .. text(now) .. ' 0'
    end
  end
end

local clamps = 0
local answer = 'booked'
for p = 1, P do
  local key, record, subjects, prefix = 5 * p - 4, records[p], ARGV[11 + 2 * p], ARGV[12 + 2 * p]
  if not record or record.epoch ~= epochs[p] then
    answer = 'unrecorded'
    if held[p] then
      call('DEL', KEYS[key + 1])
      call('ZREM', KEYS[key + 2], id)
    end
    append(KEYS[key + 3], {
      epoch = epochs[p],
      id = id,
      at = tonumber(ARGV[4]),
      state = ARGV[5],
      amounts = amounts,
      outcome = ARGV[7],
      -- What was let through while the store was away: booked at its estimate until somebody tells how it ended.
      unsettled = ARGV[5] == 'o' and ARGV[7] == 'unknown' and '1' or '0',
      only_if_booked = refund and '1' or '0',
      surface = ARGV[10],
      home = ARGV[11],
      subjects = subjects,
      meta = ARGV[12],
    }, now)
    mark_stale(KEYS[key + 4], subjects)
  elseif ARGV[5] == 'o' then
    if record.state ~= 'f' then
      clamps = clamps + book(record, larger(record.booked, amounts), epochs[p], prefix, now)
      -- What was let through while the store was away says nothing of what became of it.
      record.state = ARGV[7] == 'unknown' and record.state or 'h'
      record.expires, record.forget = text(now + tonumber(ARGV[8])), '-'
      renew_slots(record, id, epochs[p], prefix, now)
      call('SET', KEYS[key + 1], record_text(record))
      call('ZADD', KEYS[key + 2], record.expires, id)
    end
  else
    local was_open = record.state ~= 'f'
    local booked = was_open and amounts or larger(record.booked, amounts)
    if was_open or not same(booked, record.booked) then
      clamps = clamps + book(record, booked, epochs[p], prefix, now)
      free_slots(record, id, epochs[p], prefix)
      if refund and was_open and record.paced ~= '' then
        give_back(record, epochs[p], prefix, now)
      end
      record.state, record.forget = 'f', text(now + FINAL_KEPT_MS)
      -- A refund of what was never appended has nothing to take back from the ledger.
      if not refund or record.appended then
        append_record(KEYS[key + 3], id, record, { outcome = ARGV[7], unsettled = '0' }, now)
        record.appended = booked
      end
      call('SET', KEYS[key + 1], record_text(record), 'PX', FINAL_KEPT_MS)
      call('ZREM', KEYS[key + 2], id)
    end
  end
end
return answer .. ' ' .. text(now) .. ' ' .. text(clamps)
