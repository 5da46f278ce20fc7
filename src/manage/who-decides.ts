import { Fault } from '../core/fault.ts'
import type { SubjectKind } from '../core/subject.ts'
import type { Beneficiary, DecisionFacts, Person, RequestFacts } from './request-ports.ts'
import { type Actor, may } from './who-may.ts'

/** Counters that an account shares with others: more of these is not for a lead to give. */
const shared: ReadonlySet<SubjectKind> = new Set<SubjectKind>(['project', 'department', 'everyone'])

/** Who decides, as the database has them now, which may be otherwise than the caller was when the call began. */
export type Decider =
  | Extract<Actor, { kind: 'operator' }>
  | (Extract<Actor, { kind: 'account' }> & Pick<Person, 'department'>)

export function actorOf({ id, role, project, department }: Person): Decider {
  return { kind: 'account', id, role, project, department }
}

/** Nobody gives more to a place that they are in themselves. Throws a `Fault` of code `forbidden`. */
export function assertElsewhere(decider: Decider, { kind, id }: Beneficiary): void {
  if (decider.kind === 'operator') return
  const own = { account: decider.id, project: decider.project, department: decider.department }[kind]
  if (own !== id) return
  throw new Fault(
    'forbidden',
    `Nobody gives more to their own ${kind}; ask an administrator of another one, or the operator at the command line`,
  )
}

/**
 * Nobody decides their own request. A lead decides for accounts of the project, of limits that each of them has alone; an administrator any,
 * but none for a project or department that they are in; the operator any. Throws a `Fault` of code `forbidden` that says why not.
 */
export function assertDecides(actor: Decider, { request, project = '', limit }: RequestFacts): void {
  if (actor.kind === 'operator') return
  const account = request.for.kind === 'account' ? request.for.id : undefined
  if (actor.id === request.askedBy || actor.id === account)
    throw new Fault('forbidden', 'Nobody decides their own request')
  if (actor.role === 'admin') {
    assertElsewhere(actor, request.for)
    return
  }
  if (!may(actor, 'decide requests', { account: account ?? request.askedBy, project })) {
    throw new Fault('forbidden', `${actor.id} may not decide requests of ${account ?? request.askedBy}`)
  }
  if (account === undefined || (limit !== undefined && shared.has(limit.per))) {
    throw new Fault('forbidden', 'More of a limit that several share is for an administrator to decide')
  }
}

/** Who decides, by the row of the account. Throws a `Fault` of code `forbidden` for an account that is gone or disabled. */
export function deciderOf(actor: Actor, { decider }: Pick<DecisionFacts, 'decider'>): Decider {
  if (actor.kind === 'operator') return actor
  if (decider === undefined || decider.isDisabled) throw new Fault('forbidden', `The account ${actor.id} is disabled`)
  return actorOf(decider)
}
