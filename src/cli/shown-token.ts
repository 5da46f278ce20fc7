import type { IssuedToken } from '../manage/new-token.ts'
import type { ListedToken } from '../manage/ports.ts'
import { isoTime, type Result, shownTime } from './output.ts'
import { type TableRow, textList, textTable } from './table.ts'

/** A token with its secret: the one time that it is shown. */
export function shownIssue({ secret, token }: IssuedToken, more: TableRow = {}): Result {
  const text = textList({
    token: secret,
    id: token.id,
    account: token.account,
    expires: shownTime(token.expiresAtMs),
    ...more,
  })
  return { text: `${text}Keep the token now: it is not shown again.\n`, json: { secret, ...jsonOf(token) } }
}

export function shownTokens(tokens: readonly ListedToken[]): Result {
  const rows = tokens.map((token) => ({
    id: token.id,
    account: token.account,
    token: token.hint,
    state: token.state,
    created: shownTime(token.createdAtMs),
    expires: shownTime(token.expiresAtMs),
    'last used': shownTime(token.lastUsedAtMs),
    note: token.note,
  }))
  return { text: textTable(rows, 'no tokens'), json: tokens.map(jsonOf) }
}

export function jsonOf(token: ListedToken): Readonly<Record<string, unknown>> {
  return {
    id: token.id,
    account: token.account,
    hint: token.hint,
    state: token.state,
    note: token.note,
    created_at: isoTime(token.createdAtMs),
    expires_at: isoTime(token.expiresAtMs),
    revoked_at: isoTime(token.revokedAtMs) ?? null,
    last_used_at: isoTime(token.lastUsedAtMs) ?? null,
  }
}
