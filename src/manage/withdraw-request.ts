import { assertOpen } from './decide-request.ts'
import { noRequest, visibleRequest } from './read-request.ts'
import type { QuotaRequest, RequestTools } from './request-ports.ts'
import { type Actor, assertMay } from './who-may.ts'

/**
 * Takes an open request back. Throws a `Fault`: `not_found` (none that the caller may see), `forbidden` (another's), `conflict` (no longer
 * open), `policy_unavailable`.
 */
export async function withdrawRequest(
  tools: Pick<RequestTools, 'requests'>,
  { actor, id }: { readonly actor: Actor; readonly id: string },
): Promise<QuotaRequest> {
  const { request, askersProject } = await visibleRequest(tools, { actor, id })
  assertMay(actor, 'withdraw requests', { account: request.askedBy, project: askersProject })
  const ended = await tools.requests.end({ id, ...(actor.kind === 'account' && { by: actor.id }) }, (facts) => {
    assertOpen(facts)
    return { state: 'withdrawn' }
  })
  if (ended === undefined) throw noRequest(id)
  return ended
}
