import { judged } from './decide-request.ts'
import { ceilingOf } from './lead-ceiling.ts'
import { digestOfLink } from './make-decision-link.ts'
import { assertCounts, linkedFacts, noLink } from './open-decision-link.ts'
import type { QuotaRequest, RequestTools } from './request-ports.ts'
import { actorOf } from './who-decides.ts'

export interface DecideByLink {
  readonly secret: string
  readonly decision: 'approve' | 'decline'
  /** Approves less than is asked. */
  readonly amount?: string | undefined
  readonly note?: string | undefined
}

/**
 * Decides as the link's owner, and uses the link up; a decision that is refused leaves it as it is.
 * Throws a `Fault`: `not_found` for every link that does not count, as `openDecisionLink` has it, and otherwise as `decideRequest`.
 */
export async function decideByLink(tools: RequestTools, { secret, ...decision }: DecideByLink): Promise<QuotaRequest> {
  const seen = await linkedFacts(tools, secret)
  const actor = actorOf(seen.decider)
  const ceiling = decision.decision === 'approve' ? await ceilingOf(tools, { actor, facts: seen }) : undefined
  const link = digestOfLink(secret) ?? ''
  const ended = await tools.requests.end({ link }, (facts) => judged(assertCounts(facts), { actor, decision, ceiling }))
  if (ended === undefined) throw noLink()
  return ended
}
