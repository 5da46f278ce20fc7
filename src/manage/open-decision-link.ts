import { Fault } from '../core/fault.ts'
import type { Outlook } from '../core/outlook.ts'
import { outlookOf } from './decision-outlook.ts'
import { digestOfLink } from './make-decision-link.ts'
import type { DecisionFacts, Person, QuotaRequest, RequestTools } from './request-ports.ts'
import { actorOf, assertDecides } from './who-decides.ts'

/** What a decision link opens. */
export interface OpenedLink {
  readonly request: QuotaRequest
  /** In whose name it decides. */
  readonly decider: string
  /** Absent: the limit is gone. */
  readonly outlook?: Outlook
}

/**
 * Shows what a link decides and what that rests on, and changes nothing. Throws a `Fault`: `not_found`, the same for a wrong, used or expired
 * one, for a request that is closed, and for one that is no longer the decider's to decide; `policy_unavailable`.
 */
export async function openDecisionLink(
  tools: Pick<RequestTools, 'requests' | 'budget'>,
  { secret }: { readonly secret: string },
): Promise<OpenedLink> {
  const { decider, ...facts } = await linkedFacts(tools, secret)
  const outlook = await outlookOf(tools, { actor: actorOf(decider), facts })
  return { request: facts.request, decider: decider.id, ...(outlook && { outlook }) }
}

/** The same with what the decision rests on. */
export async function linkedFacts(
  { requests }: Pick<RequestTools, 'requests'>,
  secret: string,
): Promise<DecisionFacts & { readonly decider: Person }> {
  const digest = digestOfLink(secret)
  const facts = digest === undefined ? undefined : await requests.link(digest)
  if (facts === undefined) throw noLink()
  return assertCounts(facts)
}

/** Throws the one `Fault` of links unless the request is open and the decider may still decide it. */
export function assertCounts(facts: DecisionFacts): DecisionFacts & { readonly decider: Person } {
  const { decider, request } = facts
  if (decider === undefined || decider.isDisabled || request.state !== 'open') throw noLink()
  try {
    assertDecides(actorOf(decider), facts)
  } catch (cause) {
    throw cause instanceof Fault ? noLink() : cause
  }
  return { ...facts, decider }
}

export function noLink(): Fault {
  return new Fault('not_found', 'This link does not decide anything, or no longer: each decides once, within 24 hours')
}
