-- Purpose: the text of one subject's state, for the doctor to see which counters there are.
-- Guarantee: looks only; the state of another epoch is none.
-- KEYS: 1 epoch · 2 the subject.
-- Answers the text, '' = none.

local epoch = match(call('GET', KEYS[1]) or '- ', '^(%S+) ')
local value = call('GET', KEYS[2])
return value and match(value, '^(%S+) ') == epoch and value or ''
