import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import type { QuotaRequest, RequestFacts, RequestTools } from './request-ports.ts'
import { type Actor, may } from './who-may.ts'

/** One request. Throws a `Fault`: `not_found` (none that the caller may see), `policy_unavailable`. */
export async function readRequest(
  tools: Pick<RequestTools, 'requests'>,
  wanted: { readonly actor: Actor; readonly id: string },
): Promise<QuotaRequest> {
  return (await visibleRequest(tools, wanted)).request
}

/** The same with what a decision rests on. */
export async function visibleRequest(
  { requests }: Pick<RequestTools, 'requests'>,
  { actor, id }: { readonly actor: Actor; readonly id: string },
): Promise<RequestFacts> {
  const facts = isSlug(id) ? await requests.request(id) : undefined
  if (facts === undefined || !sees(actor, facts)) throw noRequest(id)
  return facts
}

/** The same answer whether there is none or it is not for the caller to see. */
export function noRequest(id: string): Fault {
  return new Fault('not_found', `There is no request ${id}`)
}

function sees(actor: Actor, { request, project = '', askersProject }: RequestFacts): boolean {
  const account = request.for.kind === 'account' ? request.for.id : request.askedBy
  return (
    may(actor, 'see the requests', { account: request.askedBy, project: askersProject }) ||
    may(actor, 'see the requests', { account, project })
  )
}
