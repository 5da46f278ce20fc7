import { noToken, tokenWithHolder } from './holder-of.ts'
import type { ListedToken, ManageTools } from './ports.ts'
import { type Actor, assertMay, byOf } from './who-may.ts'

/**
 * Ends a token now. Once more changes nothing and answers the same.
 * Throws a `Fault`: `not_found` (no such token), `not_valid` (may not), `policy_unavailable`.
 */
export async function revokeToken(
  { directory }: Pick<ManageTools, 'directory'>,
  { actor, id }: { readonly actor: Actor; readonly id: string },
): Promise<ListedToken> {
  const { holder } = await tokenWithHolder(directory, id)
  assertMay(actor, 'revoke tokens', holder)
  const revoked = await directory.revokeToken(id, byOf(actor))
  if (revoked === undefined) throw noToken(id)
  return revoked
}
