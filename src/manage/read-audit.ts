import { Fault } from '../core/fault.ts'
import type { AdminTools, AuditedChange, AuditPage } from './admin-ports.ts'
import { type Actor, assertMay } from './who-may.ts'

const countMaxMax = 1_000
const textLengthMax = 200
/** Beyond these PostgreSQL has no times that JavaScript has. */
const timeMsMax = 8e12

export interface ReadAudit extends Omit<AuditPage, 'countMax'> {
  readonly actor: Actor
  /** At most 1,000. */
  readonly countMax?: number
}

/**
 * Who changed which row of policy, the newest first; by API, command line or SQL alike. `next`: there are more before this id.
 * Throws a `Fault`: `forbidden`, `not_valid` (not a cursor, a time or a name), `policy_unavailable`.
 */
export async function readAudit(
  { audit }: Pick<AdminTools, 'audit'>,
  { actor, countMax = 100, ...page }: ReadAudit,
): Promise<{ readonly changes: readonly AuditedChange[]; readonly next?: string }> {
  assertMay(actor, 'manage everything', { account: 'everyone', project: '' })
  assertPage(page)
  const count = Math.min(countMaxMax, Math.max(1, Math.floor(countMax)))
  const found = await audit.changes({ ...page, countMax: count + 1 })
  const last = found.length > count ? found[count - 1] : undefined
  return { changes: found.slice(0, count), ...(last && { next: last.id }) }
}

function assertPage({
  table = '',
  key = '',
  by = '',
  after = '1',
  sinceMs = 0,
  untilMs = 0,
}: Omit<AuditPage, 'countMax'>): void {
  if (!/^\d{1,18}$/.test(after)) throw new Fault('not_valid', 'This is not where a page of the audit ended')
  for (const text of [table, key, by]) {
    if (text.length > textLengthMax || /\p{Cc}/u.test(text) || !text.isWellFormed())
      throw new Fault('not_valid', `A name has at most ${textLengthMax} characters and no control characters`)
  }
  for (const atMs of [sinceMs, untilMs]) {
    if (!(Math.abs(atMs) <= timeMsMax)) throw new Fault('not_valid', 'This is not a time that the audit could hold')
  }
}
