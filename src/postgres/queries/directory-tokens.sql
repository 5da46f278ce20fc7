-- Purpose: tokens as people see them, newest first.
-- Guarantee: no digest leaves this query.
-- Parameters: $1 only this token, or NULL, $2 only this account's, or NULL, $3 instant in microseconds since 1970 and $4 id of the row before
--             the page, or NULL, $5 at most so many.
SELECT token.id, token.account, token.hint, token.note,
       CASE WHEN token.revoked_at <= now() THEN 'revoked' WHEN token.expires_at <= now() THEN 'expired' ELSE 'active' END AS state,
       token.created_at, token.expires_at, token.revoked_at, token_use.last_used_at,
       (extract(epoch FROM token.created_at) * 1000000)::bigint::text AS at_micros
  FROM tollgate.token
  LEFT JOIN tollgate.token_use ON token_use.token = token.id
 WHERE ($1::text IS NULL OR token.id = $1) AND ($2::text IS NULL OR token.account = $2)
   AND ($3::bigint IS NULL OR (token.created_at, token.id) < (timestamptz 'epoch' + $3::bigint * interval '1 microsecond', $4::text))
 ORDER BY token.created_at DESC, token.id DESC
 LIMIT $5
