import { Fault } from '../core/fault.ts'
import { fewTokens } from './few-tokens.ts'
import { tokenWithHolder } from './holder-of.ts'
import { type IssuedToken, newToken } from './new-token.ts'
import type { ManageTools } from './ports.ts'
import { type Actor, assertMay, byOf } from './who-may.ts'

export const overlapDaysMax = 7
const dayMs = 86_400_000

export interface RotateToken {
  readonly actor: Actor
  readonly id: string
  /** The old token goes on working for so long, at most 7 days, or to its own end if that is earlier. */
  readonly overlapMs: number
  /** Of the new token; absent: as long as the plan allows. */
  readonly lifetimeMs?: number | undefined
}

/**
 * Replaces a token by a new one of the same account and lets the old one run out, both or neither.
 * Throws a `Fault`: `not_found` (no such token), `forbidden`, `not_valid` (token no longer active, lifetime, overlap), `conflict` (100 work at
 * once, or 500 were given within a day; not for the operator), `policy_unavailable`.
 */
export async function rotateToken(tools: ManageTools, wish: RotateToken): Promise<IssuedToken> {
  const { token: old, holder } = await tokenWithHolder(tools.directory, wish.id)
  assertMay(wish.actor, 'rotate tokens', holder)
  if (!(wish.overlapMs >= 0 && wish.overlapMs <= overlapDaysMax * dayMs))
    throw new Fault('not_valid', `The old token works on for 0 to ${overlapDaysMax} days`)
  const { secret, token } = newToken(tools, holder, { lifetimeMs: wish.lifetimeMs, note: old.note })
  const judge = fewTokens({ actor: wish.actor, isRotating: true }, holder.account)
  const replaced = await tools.directory.replaceToken(wish.id, token, {
    overlapMs: wish.overlapMs,
    ...byOf(wish.actor),
    ...(judge && { judge }),
  })
  if (replaced === undefined) {
    throw new Fault(
      'not_valid',
      `The token ${wish.id} no longer works, so there is nothing to rotate; issue a new one instead`,
    )
  }
  return { secret, token: replaced }
}
