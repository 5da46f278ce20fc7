import { z } from 'zod'
import { Fault } from '../core/fault.ts'
import type { Principal, Project } from '../core/principal.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { type Action, assertMay, may } from '../manage/who-may.ts'
import type { AccountActor, Caller } from './caller.ts'
import { slug } from './fields.ts'
import type { Route } from './route.ts'

/** Of whom a route tells: the caller, or an account that it names. */
export interface Whose {
  readonly account?: string | undefined
}

/** The address names nobody. */
const nobodyElse: z.ZodType<Whose> = z.strictObject({})

const bases = [
  { base: '/api/me', params: nobodyElse, tag: 'me' },
  { base: '/api/accounts/:account', params: z.strictObject({ account: slug }), tag: 'accounts' },
] as const

/** The same row twice: for oneself, and for an account by its id. */
export function forEach(
  make: (at: {
    readonly base: string
    readonly params: z.ZodType<Whose>
    readonly tag: 'me' | 'accounts'
    /** Ends a summary. */
    readonly whose: 'my' | "an account's"
  }) => Route,
): readonly Route[] {
  return bases.map((at) => make({ ...at, whose: at.tag === 'me' ? 'my' : "an account's" }))
}

/**
 * The account that is asked about, when the caller may know that it exists: itself, a lead the people of the project, an admin all. Else a
 * `Fault` of code `not_found`, the same for one that is not there. `action`: beside that, `forbidden` when it may not be done to this account.
 */
export function accountOf({ account }: Whose, { principal, actor, snapshot }: Caller, action: Action): Principal {
  if (account === undefined) return principal
  const found = placeOf(snapshot, account)
  if (found === undefined || !mayKnow(actor, found)) throw nothing('account', account)
  assertMay(actor, action, { account, project: found.project.id })
  return found
}

/**
 * The project that is asked about, for those who lead it and for admins. A `Fault` of code `forbidden` for its own people; for everybody else
 * `not_found`, the same as for one that is not there.
 */
export function projectOf({ project }: { readonly project: string }, { actor, snapshot }: Caller): Project {
  const found = snapshot.project(project)
  const isKnown = actor.role === 'admin' || actor.project === project
  if (found === undefined || !isKnown) throw nothing('project', project)
  if (may(actor, 'see the project', { account: '', project })) return found
  throw new Fault('forbidden', `The project ${project} is for those who lead it to see`)
}

/** Whether the caller may know that there is such an account. */
function mayKnow(actor: AccountActor, { account, project }: Principal): boolean {
  return may(actor, 'see the use', { account: account.id, project: project.id })
}

/** What an unknown and a foreign thing are answered with: the same. */
export function nothing(what: string, id: string): Fault {
  return new Fault('not_found', `There is no ${what} ${id}`)
}

/** As `principalOf`, disabled accounts too. */
function placeOf(snapshot: Snapshot, id: string): Principal | undefined {
  const account = snapshot.account(id)
  const project = account && snapshot.project(account.project)
  const department = project && snapshot.department(project.department)
  return account && project && department && { account, project, department }
}
