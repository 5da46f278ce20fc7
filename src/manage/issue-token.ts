import { fewTokens } from './few-tokens.ts'
import { holderOf } from './holder-of.ts'
import { type IssuedToken, newToken } from './new-token.ts'
import type { ManageTools } from './ports.ts'
import { type Actor, assertMay, byOf } from './who-may.ts'

export interface IssueToken {
  readonly actor: Actor
  readonly account: string
  /** Absent: as long as the plan allows. */
  readonly lifetimeMs?: number | undefined
  readonly note?: string | undefined
}

/**
 * Gives an account a new token. The secret is in the answer and nowhere else.
 * Throws a `Fault`: `not_found` (no such account), `forbidden`, `not_valid` (disabled, lifetime beyond the plan's days), `conflict` (50 work
 * already, or 500 were given within a day; not for the operator), `policy_unavailable`.
 */
export async function issueToken(tools: ManageTools, wish: IssueToken): Promise<IssuedToken> {
  const holder = await holderOf(tools.directory, wish.account)
  assertMay(wish.actor, 'issue tokens', holder)
  const { secret, token } = newToken(tools, holder, wish)
  const judge = fewTokens(wish, holder.account)
  return { secret, token: await tools.directory.addToken(token, { ...byOf(wish.actor), ...(judge && { judge }) }) }
}
