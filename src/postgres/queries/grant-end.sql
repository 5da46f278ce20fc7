-- Purpose: end a grant now.
-- Guarantee: never makes it longer, and never removes it; one that was still to come is over as it begins.
-- Parameters: $1 id.
UPDATE tollgate.grant
   SET ends_at = greatest(now(), starts_at + interval '1 millisecond')
 WHERE id = $1 AND ends_at > greatest(now(), starts_at + interval '1 millisecond')
