-- Purpose: frees the slots that one holder has under some counters of descriptors.
-- Guarantee: slots of others stay; one that is not held is no fault.
-- KEYS: the counters' slots. ARGV: 1 whose.
-- Answers how many were freed.

local freed = 0
for index = 1, #KEYS do
  freed = freed + redis.call('ZREM', KEYS[index], ARGV[1])
end
return freed
