import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import { amountText } from './amount-text.ts'
import { assertAhead, ownWords } from './asked-text.ts'
import type { Beneficiary, OtherRequests, Person, QuotaRequest, RequestTools } from './request-ports.ts'
import { limitFor, ownerOf } from './request-subject.ts'
import { type Actor, may } from './who-may.ts'

const openMax = 10
const perDayMax = 50

export interface RequestMore {
  readonly actor: Actor
  /** In whose name: an account asks in its own, the operator in anybody's. */
  readonly askedBy: string
  readonly limitName: string
  /** Absent: for who asks. */
  readonly for?: Beneficiary | undefined
  /** Decimal text in the unit of `limit_rule.amount`. */
  readonly amount: string
  readonly untilMs: number
  readonly reason?: string | undefined
}

/**
 * Asks for more of a limit for a while; those who may decide are told. A lead also asks for the project and its accounts, an administrator for
 * anyone. Throws a `Fault`: `not_found` (no such account or limit, or not one that the caller may ask for), `not_valid` (amount, time, reason),
 * `forbidden` (in another's name, disabled), `conflict` (10 are open, or 50 were asked within a
 * day), `policy_unavailable`.
 */
export async function requestMore(tools: RequestTools, wish: RequestMore): Promise<QuotaRequest> {
  const asker = await askerOf(tools, wish)
  const beneficiary = wish.for ?? { kind: 'account', id: asker.id }
  await assertMayAskFor(tools, { actor: wish.actor, asker, beneficiary })
  const limit = await limitFor(tools, wish.limitName, beneficiary)
  const amount = amountText(wish.amount, limit.counts)
  assertAhead(wish.untilMs, tools.nowMs())
  const request = {
    id: `ask-${Buffer.from(tools.randomBytes(6)).toString('hex')}`,
    askedBy: asker.id,
    limitName: wish.limitName,
    for: beneficiary,
    amount,
    endsAtMs: wish.untilMs,
    reason: ownWords(wish.reason ?? '', 'reason'),
    ...(wish.actor.kind === 'account' && { by: wish.actor.id }),
  }
  return tools.requests.ask(request, (others) => assertFew(asker.id, others))
}

function assertFew(asker: string, { open, today }: OtherRequests): void {
  if (open >= openMax) {
    throw new Fault('conflict', `${asker} has ${open} open requests; withdraw one, or wait for a decision`)
  }
  // Each is told to people, also one that is withdrawn at once.
  if (today >= perDayMax)
    throw new Fault('conflict', `${asker} has asked ${today} times within a day; wait for tomorrow`)
}

async function askerOf({ requests }: RequestTools, { actor, askedBy }: RequestMore): Promise<Person> {
  if (actor.kind === 'account' && actor.id !== askedBy) {
    throw new Fault('forbidden', `${actor.id} may not ask in the name of another account`)
  }
  const asker = isSlug(askedBy) ? await requests.person(askedBy) : undefined
  if (asker === undefined) throw new Fault('not_found', `There is no account ${askedBy}`)
  if (asker.isDisabled) throw new Fault('forbidden', `The account ${askedBy} is disabled`)
  return asker
}

/** What the caller may not ask for is as if it were not there. The asker's row says more than a caller that was looked up a while ago. */
async function assertMayAskFor(
  tools: RequestTools,
  { actor, asker, beneficiary }: { readonly actor: Actor; readonly asker: Person; readonly beneficiary: Beneficiary },
): Promise<void> {
  const owner = await ownerOf(tools, beneficiary)
  const now: Actor = actor.kind === 'operator' ? actor : { ...actor, role: asker.role, project: asker.project }
  if (owner !== undefined && may(now, 'ask for more', owner)) return
  throw new Fault('not_found', `There is no ${beneficiary.kind} ${beneficiary.id} that ${asker.id} may ask for`)
}
