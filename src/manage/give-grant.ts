import { Fault } from '../core/fault.ts'
import { amountText } from './amount-text.ts'
import { assertAhead, ownWords } from './asked-text.ts'
import type { Beneficiary, ListedGrant, RequestTools } from './request-ports.ts'
import { limitFor, ownerOf } from './request-subject.ts'
import { assertElsewhere, deciderOf } from './who-decides.ts'
import { type Actor, assertMay } from './who-may.ts'

export interface GiveGrant {
  readonly actor: Actor
  readonly limitName: string
  readonly for: Beneficiary
  /** Decimal text in the unit of `limit_rule.amount`. */
  readonly amount: string
  readonly untilMs: number
  readonly note?: string | undefined
}

/**
 * More of a limit from now on, without a request; for administrators, but not to themselves, their own project or department.
 * Throws a `Fault`: `not_found` (no such account, project, department or limit), `forbidden`, `not_valid` (amount, time, note),
 * `policy_unavailable`.
 */
export async function giveGrant(
  tools: Pick<RequestTools, 'requests' | 'randomBytes' | 'nowMs'>,
  { actor, limitName, for: beneficiary, amount, untilMs, note = '' }: GiveGrant,
): Promise<ListedGrant> {
  const owner = await ownerOf(tools, beneficiary)
  assertMay(actor, 'give grants', owner ?? { account: beneficiary.id, project: '' })
  if (owner === undefined) throw new Fault('not_found', `There is no ${beneficiary.kind} ${beneficiary.id}`)
  const giver = actor.kind === 'account' ? await tools.requests.person(actor.id) : undefined
  assertElsewhere(deciderOf(actor, { ...(giver && { decider: giver }) }), beneficiary)
  const limit = await limitFor(tools, limitName, beneficiary)
  assertAhead(untilMs, tools.nowMs())
  return tools.requests.addGrant({
    id: `grant-${Buffer.from(tools.randomBytes(6)).toString('hex')}`,
    ...{ limitName, for: beneficiary, endsAtMs: untilMs },
    amount: amountText(amount, limit.counts),
    note: ownWords(note, 'note'),
    ...(actor.kind === 'account' && { by: actor.id }),
  })
}
