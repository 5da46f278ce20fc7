-- Purpose: frees the slots of one reservation before its end is reported (core/release-decision.ts, decideRelease).
-- Guarantee: they are no longer the record's, so that no later report takes them again; all else of it stays. A reservation without record,
-- of another epoch, at its end or without slots is left alone.
-- KEYS: per partition epoch, record and charges key.
-- ARGV: 1 run id · 2 fresh epoch text · 3 id · then per partition the prefix of its subject keys.
-- Answers per partition the subjects whose slots it freed, by name and with spaces between.

local caller = { run_id = ARGV[1], fresh = ARGV[2] }
local id, now = ARGV[3], now_ms()
local answers = {}

for p = 1, #KEYS / 3 do
  local key, names = 3 * p - 2, {}
  local values = call('MGET', KEYS[key], KEYS[key + 1])
  local epoch = epoch_in_force(values[1], { epoch = KEYS[key], charges = KEYS[key + 2] }, caller)
  local record = parse_record(values[2], now)
  if record and record.epoch == epoch and record.state ~= 'f' and record.slots ~= '' then
    free_slots(record, id, epoch, ARGV[3 + p])
    for name in gmatch(record.slots, '(%S+) %S+ %S+') do
      names[#names + 1] = name
    end
    record.slots = ''
    call('SET', KEYS[key + 1], record_text(record), 'KEEPTTL')
  end
  answers[p] = concat(names, ' ')
end
return answers
