-- Purpose: the server's time, so that a new connection knows it before its first spend.
-- Guarantee: looks only; the same clock as every other script.
-- Answers epoch milliseconds as text.

return text(now_ms())
