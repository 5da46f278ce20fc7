import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import type { ListedGrant, RequestTools } from './request-ports.ts'
import { type Actor, assertMay } from './who-may.ts'

/**
 * Ends a grant now; the row stays, and what was used of it stays used. Once more changes nothing and answers the same.
 * Throws a `Fault`: `forbidden`, `not_found`, `policy_unavailable`.
 */
export async function endGrant(
  { requests }: Pick<RequestTools, 'requests'>,
  { actor, id }: { readonly actor: Actor; readonly id: string },
): Promise<ListedGrant> {
  const found = isSlug(id) ? await requests.grant(id) : undefined
  assertMay(actor, 'give grants', { account: found?.for.id ?? id, project: '' })
  const ended = found && (await requests.endGrant({ id, ...(actor.kind === 'account' && { by: actor.id }) }))
  if (ended === undefined) throw new Fault('not_found', `There is no grant ${id}`)
  return ended
}
