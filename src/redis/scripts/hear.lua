-- Purpose: reads what was told after a position.
-- Guarantee: looks only; in order.
-- KEYS: 1 hints.
-- ARGV: 1 the position, or '' for the oldest that is kept · 2 how many messages at most.
-- Answers the messages with their positions, as XRANGE does.

local from = ARGV[1] == '' and '-' or '(' .. ARGV[1]
return redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', ARGV[2])
