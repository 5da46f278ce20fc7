-- Purpose: tells the processes of an installation what one of them learnt.
-- Guarantee: the newest 200 or so messages are kept; nothing depends on any of them.
-- KEYS: 1 hints.
-- ARGV: 1 the message, JSON of at most a few ten kilobytes.
-- Answers its position.

return redis.call('XADD', KEYS[1], 'MAXLEN', '~', 200, '*', 'h', ARGV[1])
