-- Purpose: keep a new token.
-- Guarantee: its life is counted from this database's clock, the one its expiry is judged by.
-- Parameters: $1 id, $2 account, $3 digest, $4 hint, $5 lifetime in milliseconds, $6 note.
INSERT INTO tollgate.token (id, account, digest, hint, expires_at, note)
VALUES ($1, $2, $3, $4, now() + $5::float8 * interval '1 millisecond', $6)
