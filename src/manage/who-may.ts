import { Fault } from '../core/fault.ts'

/** Who acts: the operator at the command line, or an account. */
export type Actor =
  | { readonly kind: 'operator' }
  | {
      readonly kind: 'account'
      readonly id: string
      readonly role: 'member' | 'lead' | 'admin'
      readonly project: string
    }

/** Whose thing it is that is acted on. */
export interface Owner {
  readonly account: string
  readonly project: string
}

type Standing = 'operator' | 'admin' | 'lead' | 'self'

/** One row per action. A lead may stop and see what the project's tokens do, but not call in another's name. */
const mayByAction = {
  'issue tokens': ['operator', 'admin', 'self'],
  'rotate tokens': ['operator', 'admin', 'self'],
  'revoke tokens': ['operator', 'admin', 'lead', 'self'],
  'list tokens': ['operator', 'admin', 'lead', 'self'],
  'see the use': ['operator', 'admin', 'lead', 'self'],
  // What single packages a person used is for the person, and for who answers for all of it.
  'see the packages': ['operator', 'admin', 'self'],
  'see the refusals': ['operator', 'admin', 'lead', 'self'],
  'ask for more': ['operator', 'admin', 'lead', 'self'],
  'see the requests': ['operator', 'admin', 'lead', 'self'],
  'withdraw requests': ['operator', 'admin', 'self'],
  // Beside this: nobody decides their own, and a lead not above what is left of the project's budget.
  'decide requests': ['operator', 'admin', 'lead'],
  'see the grants': ['operator', 'admin', 'lead', 'self'],
  'give grants': ['operator', 'admin'],
  'take the bridge': ['operator', 'admin', 'self'],
  'manage channels': ['operator', 'admin', 'self'],
  'manage project channels': ['operator', 'admin', 'lead'],
  'see the project': ['operator', 'admin', 'lead'],
  'manage everything': ['operator', 'admin'],
} satisfies Readonly<Record<string, readonly Standing[]>>

export type Action = keyof typeof mayByAction

/** Throws a `Fault` of code `forbidden` that says who may not do what. */
export function assertMay(actor: Actor, action: Action, owner: Owner): void {
  if (may(actor, action, owner)) return
  const who = actor.kind === 'account' ? actor.id : 'This caller'
  const what = action === 'manage everything' ? 'do what is for administrators' : `${action} of ${owner.account}`
  throw new Fault('forbidden', `${who} may not ${what}`)
}

/** The same as a question. */
export function may(actor: Actor, action: Action, owner: Owner): boolean {
  const allowed: readonly Standing[] = mayByAction[action]
  return standingsOf(actor, owner).some((standing) => allowed.includes(standing))
}

/** Whom the audit names; of the operator it knows the name of the database session. */
export function byOf(actor: Actor): { readonly by?: string } {
  return actor.kind === 'account' ? { by: actor.id } : {}
}

function standingsOf(actor: Actor, owner: Owner): readonly Standing[] {
  if (actor.kind === 'operator') return ['operator']
  const standings: Standing[] = []
  if (actor.id === owner.account) standings.push('self')
  if (actor.role === 'admin') standings.push('admin')
  if (actor.role === 'lead' && actor.project === owner.project) standings.push('lead')
  return standings
}
