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

export type Action = 'issue tokens' | 'rotate tokens' | 'revoke tokens' | 'list tokens'

/** Whose thing it is that is acted on. */
export interface Owner {
  readonly account: string
  readonly project: string
}

type Standing = 'operator' | 'admin' | 'lead' | 'self'

/** One row per action. A lead may stop and see what the project's tokens do, but not call in another's name. */
const mayByAction: Readonly<Record<Action, readonly Standing[]>> = {
  'issue tokens': ['operator', 'admin', 'self'],
  'rotate tokens': ['operator', 'admin', 'self'],
  'revoke tokens': ['operator', 'admin', 'lead', 'self'],
  'list tokens': ['operator', 'admin', 'lead', 'self'],
}

/** Throws a `Fault` of code `not_valid` that says who may not do what. */
export function assertMay(actor: Actor, action: Action, owner: Owner): void {
  const standings = standingsOf(actor, owner)
  if (mayByAction[action].some((standing) => standings.includes(standing))) return
  throw new Fault(
    'not_valid',
    `${actor.kind === 'account' ? actor.id : 'This caller'} may not ${action} of ${owner.account}`,
  )
}

function standingsOf(actor: Actor, owner: Owner): readonly Standing[] {
  if (actor.kind === 'operator') return ['operator']
  const standings: Standing[] = []
  if (actor.id === owner.account) standings.push('self')
  if (actor.role === 'admin') standings.push('admin')
  if (actor.role === 'lead' && actor.project === owner.project) standings.push('lead')
  return standings
}
