-- Purpose: the accounts of a project, page by page.
-- Guarantee: by id in the order of bytes, so that a page begins where the one before ended.
-- Parameters: $1 project, $2 only after this id, $3 at most so many.
SELECT account.id, account.kind, account.role, account.plan, account.time_zone, account.disabled,
       (SELECT count(*)::integer FROM tollgate.token
         WHERE token.account = account.id AND token.expires_at > now() AND (token.revoked_at IS NULL OR token.revoked_at > now())) AS active_tokens
  FROM tollgate.account
 WHERE account.project = $1 AND account.id COLLATE "C" > $2
 ORDER BY account.id COLLATE "C"
 LIMIT $3
