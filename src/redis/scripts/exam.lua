-- Purpose: one partition as it stands, for the doctor.
-- Guarantee: looks only; an epoch of another life of the server is told and left.
-- KEYS: 1 epoch · 2 charges · 3 pending · 4 stale.
-- ARGV: 1 run id · 2 the checkpoint's epoch or '-' · 3 its position or '-'.
-- Answers '<epoch|-> <of this server 1|0> <entries> <unread, up to 1,000> <checkpoint lost: 1 for certain, 2 perhaps, 0 no> <pending> <overdue> <stale>'.

local UNREAD_MAX = 1000
local value = call('GET', KEYS[1])
local epoch, run_id, floor = '-', '-', '0-0'
if value then
  epoch, run_id, floor = match(value, '^(%S+) (%S+) (%S+)$')
end

local is_current = ARGV[2] == epoch and epoch ~= '-'
local start = is_current and '(' .. ARGV[3] or '-'
local unread = #call('XRANGE', KEYS[2], start, '+', 'COUNT', UNREAD_MAX)
local is_lost = is_current and is_before(ARGV[3], floor) and 1 or 0
if not is_current and epoch ~= '-' and ARGV[2] ~= '-' and ARGV[3] ~= '0-0' then
  -- The floor of the other epoch is not known any more; what the stream still holds reaches back to the checkpoint, or does not.
  local first = call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
  is_lost = (not first or is_before(ARGV[3], first[1])) and 2 or 0
end
local words = {
  epoch,
  run_id == ARGV[1] and '1' or '0',
  text(call('XLEN', KEYS[2])),
  text(unread),
  text(is_lost),
  text(call('ZCARD', KEYS[3])),
  text(call('ZCOUNT', KEYS[3], '-inf', text(now_ms()))),
  text(call('SCARD', KEYS[4])),
}
return concat(words, ' ')
