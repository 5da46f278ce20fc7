-- Purpose: says under one key how data lies here and whose it is, before the first use of a connection.
-- Guarantee: what another layout or installation wrote stays as it is; only a text without an installation, as older data has it, is
-- completed. Nothing is written when nothing is new, so that a Redis that is full can still be connected to.
-- KEYS: 1 the key.
-- ARGV: 1 the layout · 2 the installation, '' = not known · 3 whether this may write, 1|0.
-- Answers what was found, '' = nothing.

local LAYOUT, INSTALLATION = ARGV[1], ARGV[2]
local found = call('GET', KEYS[1]) or ''
local claimed = INSTALLATION == '' and LAYOUT or LAYOUT .. ' installation=' .. INSTALLATION
if ARGV[3] == '1' and claimed ~= found and (found == '' or found == LAYOUT) then
  call('SET', KEYS[1], claimed)
end
return found
