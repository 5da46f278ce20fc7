import { Fault } from '../core/fault.ts'
import type { SubjectKind } from '../core/subject.ts'
import type { DecisionFacts, Person, RequestFacts } from './request-ports.ts'
import { type Actor, may } from './who-may.ts'

/** Counters that an account shares with others: more of these is not for a lead to give. */
const shared: ReadonlySet<SubjectKind> = new Set<SubjectKind>(['project', 'department', 'everyone'])

/** An account as it is in the database now, which may be another than the caller was when the call began. */
export function actorOf({ id, role, project }: Person): Actor {
  return { kind: 'account', id, role, project }
}

/**
 * Nobody decides their own request; a lead decides for accounts of the project, of limits that each of them has alone; an administrator and
 * the operator any. Throws a `Fault` of code `forbidden` that says why not.
 */
export function assertDecides(actor: Actor, { request, project = '', limit }: RequestFacts): void {
  if (actor.kind === 'operator') return
  const account = request.for.kind === 'account' ? request.for.id : undefined
  if (actor.id === request.askedBy || actor.id === account)
    throw new Fault('forbidden', 'Nobody decides their own request')
  if (actor.role === 'admin') return
  if (!may(actor, 'decide requests', { account: account ?? request.askedBy, project })) {
    throw new Fault('forbidden', `${actor.id} may not decide requests of ${account ?? request.askedBy}`)
  }
  if (account === undefined || (limit !== undefined && shared.has(limit.per))) {
    throw new Fault('forbidden', 'More of a limit that several share is for an administrator to decide')
  }
}

/** Who decides, by the row that is locked for it. Throws a `Fault` of code `forbidden` for an account that is gone or disabled. */
export function deciderOf(actor: Actor, { decider }: Pick<DecisionFacts, 'decider'>): Actor {
  if (actor.kind === 'operator') return actor
  if (decider === undefined || decider.isDisabled) throw new Fault('forbidden', `The account ${actor.id} is disabled`)
  return actorOf(decider)
}
