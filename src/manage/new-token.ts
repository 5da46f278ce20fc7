import { createHash } from 'node:crypto'
import { Fault } from '../core/fault.ts'
import { hintOf, makeTokenText } from '../core/token-text.ts'
import type { ListedToken, ManageTools, NewToken, TokenHolder } from './ports.ts'

/** The one moment at which a secret is known: show it and forget it. */
export interface IssuedToken {
  readonly secret: string
  readonly token: ListedToken
}

const dayMs = 86_400_000
const lifetimeMsMin = 60_000
const noteLengthMax = 500

/**
 * A token of this holder, not kept anywhere yet, and its secret. `lifetimeMs` absent: the plan's longest.
 * Throws a `Fault` of code `not_valid` when the account is disabled, the lifetime is beyond the plan's days or under a minute, or the note is
 * longer than 500 characters.
 */
export function newToken(
  { randomBytes }: Pick<ManageTools, 'randomBytes'>,
  holder: TokenHolder,
  {
    lifetimeMs = holder.tokenDaysMax * dayMs,
    note = '',
  }: { readonly lifetimeMs?: number | undefined; readonly note?: string | undefined },
): { readonly secret: string; readonly token: NewToken } {
  assertLifetime(holder, lifetimeMs)
  if (holder.isDisabled)
    throw new Fault('not_valid', `The account ${holder.account} is disabled, so its tokens would be refused`)
  if (note.length > noteLengthMax)
    throw new Fault('not_valid', `A note has at most ${noteLengthMax} characters, this one ${note.length}`)
  const secret = makeTokenText(randomBytes)
  const id = `${slugStart(holder.account)}-${Buffer.from(randomBytes(5)).toString('hex')}`
  const digest = createHash('sha256').update(secret).digest('hex')
  return { secret, token: { id, account: holder.account, digest, hint: hintOf(secret), lifetimeMs, note } }
}

function assertLifetime({ account, plan, tokenDaysMax }: TokenHolder, lifetimeMs: number): void {
  if (lifetimeMs > tokenDaysMax * dayMs) {
    const days = `${tokenDaysMax} ${tokenDaysMax === 1 ? 'day' : 'days'}`
    throw new Fault('not_valid', `Tokens of ${account} live at most ${days} (plan ${plan}); ask for ${days} or less`)
  }
  if (!(lifetimeMs >= lifetimeMsMin)) throw new Fault('not_valid', 'A token lives at least one minute')
}

/** As much of the account's id as fits into a token's id of 64 characters. */
function slugStart(account: string): string {
  return account.slice(0, 50).replace(/[._-]+$/, '')
}
