import { Fault } from '../core/fault.ts'
import { amountText, thousandthsOf } from './amount-text.ts'
import { ownWords } from './asked-text.ts'
import { assertBelow, type Ceiling, ceilingOf } from './lead-ceiling.ts'
import { noRequest, visibleRequest } from './read-request.ts'
import type { DecisionFacts, QuotaRequest, RequestEnd, RequestTools } from './request-ports.ts'
import { assertDecides, type Decider, deciderOf } from './who-decides.ts'
import type { Actor } from './who-may.ts'

export interface Decision {
  readonly decision: 'approve' | 'decline'
  /** Approves less than is asked. */
  readonly amount?: string | undefined
  /** Approves for a shorter time. */
  readonly untilMs?: number | undefined
  readonly note?: string | undefined
}

export interface DecideRequest extends Decision {
  readonly actor: Actor
  readonly id: string
}

/**
 * Approves, which makes the grant in the same transaction, or declines; both are told. Of two who decide at once the first one counts.
 * Throws a `Fault`: `not_found` (none that the caller may see), `forbidden` (their own, not theirs to decide, above a lead's ceiling),
 * `conflict` (no longer open, its time or its limit gone), `not_valid` (more than is asked, note), `store_unavailable` (a lead, and nobody can
 * say what is left), `policy_unavailable`.
 */
export async function decideRequest(
  tools: RequestTools,
  { actor, id, ...decision }: DecideRequest,
): Promise<QuotaRequest> {
  const seen = await visibleRequest(tools, { actor, id })
  assertDecides(await deciderNow(tools, actor), seen)
  const ceiling = decision.decision === 'approve' ? await ceilingOf(tools, { actor, facts: seen }) : undefined
  const wanted = { id, ...(actor.kind === 'account' && { by: actor.id }) }
  const ended = await tools.requests.end(wanted, (facts) => judged(facts, { actor, decision, ceiling }))
  if (ended === undefined) throw noRequest(id)
  return ended
}

/** Before anything is asked for it; the same is asked again under lock. */
async function deciderNow({ requests }: Pick<RequestTools, 'requests'>, actor: Actor): Promise<Decider> {
  const decider = actor.kind === 'operator' ? undefined : await requests.person(actor.id)
  return deciderOf(actor, { ...(decider && { decider }) })
}

/** The decision on what is so now. Throws a `Fault`, as `decideRequest` does. */
export function judged(
  facts: DecisionFacts,
  {
    actor,
    decision,
    ceiling,
  }: { readonly actor: Actor; readonly decision: Decision; readonly ceiling: Ceiling | undefined },
): RequestEnd {
  const decider = deciderOf(actor, facts)
  assertDecides(decider, facts)
  assertOpen(facts)
  const note = ownWords(decision.note ?? '', 'note')
  if (decision.decision === 'decline') return { state: 'declined', note }
  const approved = approvedOf(facts, decision)
  // A lead who was an administrator a moment ago was not asked about; nothing is known of the budget then.
  assertSameStanding(actor, decider)
  assertBelow(ceiling, { amount: approved.amount, promised: facts.promised })
  return { state: 'approved', ...approved, note }
}

/** Throws a `Fault` of code `conflict` for a request that is no longer open. */
export function assertOpen({ request: { id, state } }: Pick<DecisionFacts, 'request'>): void {
  if (state !== 'open') throw new Fault('conflict', `The request ${id} is ${state} already`)
}

function approvedOf(
  { request, limit, nowMs }: DecisionFacts,
  decision: Decision,
): { readonly amount: string; readonly endsAtMs: number } {
  if (limit === undefined) {
    throw new Fault(
      'conflict',
      `The limit ${request.limitName} no longer applies to the ${request.for.kind} ${request.for.id}`,
    )
  }
  const amount = amountText(decision.amount ?? request.amount, limit.counts)
  if (thousandthsOf(amount) > thousandthsOf(request.amount)) {
    throw new Fault('not_valid', `Approve ${request.amount} or less, as much as is asked for`)
  }
  const endsAtMs = decision.untilMs ?? request.endsAtMs
  if (request.endsAtMs <= nowMs) throw new Fault('conflict', `The request ${request.id} asked for a time that is over`)
  if (!(endsAtMs > nowMs)) throw new Fault('not_valid', 'The time until when must be in the future')
  if (endsAtMs > request.endsAtMs) throw new Fault('not_valid', 'Approve for as long as is asked for, or shorter')
  return { amount, endsAtMs }
}

function assertSameStanding(before: Actor, now: Actor): void {
  const isSame = before.kind === 'operator' || (now.kind === 'account' && before.role === now.role)
  if (!isSame) throw new Fault('conflict', 'What you may decide changed just now; try again')
}
