import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import type { Actor } from './who-may.ts'

const countLargest = 1_000

/** A part of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  /** What to hand in as `after` for the rows that follow; absent on the last page. */
  readonly next?: string
}

interface Wanted {
  readonly project?: string | undefined
  readonly account?: string | undefined
  readonly after?: string | undefined
  readonly countMax: number
}

/**
 * One page of rows that are named by their ids; reads one row more than is wanted, to know whether more follow.
 * Throws a `Fault` of code `not_valid` for a count outside 1 to 1,000, an `after` whose row is not there (`isThere`), and for what
 * cannot be an id.
 */
export async function pageOf<Row extends { readonly id: string }, W extends Wanted>(
  wanted: W,
  {
    read,
    isThere,
  }: { readonly read: (wanted: W) => Promise<readonly Row[]>; readonly isThere: (id: string) => Promise<boolean> },
): Promise<Page<Row>> {
  const { after, countMax } = wanted
  if (!Number.isInteger(countMax) || countMax < 1 || countMax > countLargest) {
    throw new Fault('not_valid', `A page has 1 to ${countLargest} rows`)
  }
  if (after !== undefined && !(isSlug(after) && (await isThere(after)))) {
    throw new Fault('not_valid', 'There is no such page; begin with the first')
  }
  for (const id of [wanted.project, wanted.account]) {
    if (id !== undefined && !isSlug(id)) throw new Fault('not_valid', 'Name a project or an account by its id')
  }
  const found = await read({ ...wanted, countMax: countMax + 1 })
  const rows = found.slice(0, countMax)
  const last = rows.at(-1)
  return found.length > countMax && last !== undefined ? { rows, next: last.id } : { rows }
}

/** What of a list the caller may see; undefined: all of it. */
export function visibleTo(actor: Actor): { readonly account: string; readonly project?: string } | undefined {
  if (actor.kind === 'operator' || actor.role === 'admin') return undefined
  return actor.role === 'lead' ? { account: actor.id, project: actor.project } : { account: actor.id }
}
