import { holderOf } from './holder-of.ts'
import type { ListedToken, ManageTools } from './ports.ts'
import { type Actor, assertMay } from './who-may.ts'

const tokensMax = 10_000
/** What someone must own to be listed without naming an account: nobody does, so only those who may all can ask. */
const everyone = { account: 'everyone', project: '' }

/**
 * Tokens by hint, newest first, at most 10,000; `account` absent: everyone's.
 * Throws a `Fault`: `not_found` (no such account), `not_valid` (may not), `policy_unavailable`.
 */
export async function listTokens(
  { directory }: Pick<ManageTools, 'directory'>,
  { actor, account }: { readonly actor: Actor; readonly account?: string | undefined },
): Promise<readonly ListedToken[]> {
  assertMay(actor, 'list tokens', account === undefined ? everyone : await holderOf(directory, account))
  return directory.tokens({ countMax: tokensMax, ...(account === undefined ? {} : { account }) })
}
