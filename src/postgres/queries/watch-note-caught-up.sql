-- Purpose: remember that a ledger had read everything some time ago.
-- Guarantee: what another ledger has said since stays; never an instant to come, also after one that a wrong clock wrote.
-- Parameters: $1 how many milliseconds ago.
INSERT INTO tollgate.ledger_progress AS known (caught_up_at) VALUES (now() - $1 * interval '1 millisecond')
    ON CONFLICT (only_row) DO UPDATE SET caught_up_at = least(now(), greatest(known.caught_up_at, excluded.caught_up_at))
