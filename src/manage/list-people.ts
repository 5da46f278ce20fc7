import { Fault } from '../core/fault.ts'
import type { PeopleReader, ProjectPerson } from './ports.ts'
import { type Actor, assertMay } from './who-may.ts'

const countMaxMax = 500

/**
 * The accounts of a project by id, a page at a time; `next`: there are more after this one.
 * Throws a `Fault`: `forbidden`, `not_valid` (an absurd count), `policy_unavailable`.
 */
export async function listPeople(
  { people }: { readonly people: PeopleReader },
  wish: {
    readonly actor: Actor
    readonly project: string
    readonly after?: string | undefined
    readonly countMax: number
  },
): Promise<{ readonly rows: readonly ProjectPerson[]; readonly next?: string }> {
  const { actor, project, after, countMax } = wish
  assertMay(actor, 'see the project', { account: '', project })
  if (!Number.isInteger(countMax) || countMax < 1 || countMax > countMaxMax)
    throw new Fault('not_valid', `A page has 1 to ${countMaxMax} rows`)
  const found = await people.ofProject({ project, countMax: countMax + 1, ...(after !== undefined && { after }) })
  const rows = found.slice(0, countMax)
  const last = found.length > countMax ? rows.at(-1) : undefined
  return { rows, ...(last && { next: last.id }) }
}
