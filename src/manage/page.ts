import { Fault } from '../core/fault.ts'
import { isSlug } from '../core/slug.ts'
import type { Page, PagePlace, Placed } from './ports.ts'
import type { Actor } from './who-may.ts'

const countLargest = 1_000

interface Wanted {
  readonly project?: string | undefined
  readonly account?: string | undefined
  readonly after?: string | undefined
  readonly countMax: number
}

/**
 * One page of a list in the order of time; reads one row more than is wanted, to know whether more follow. What `after` says is a place, and
 * not a row: it need not be there any more, and whoever hands in another learns nothing of it.
 * Its `next` is the last row's instant and id.
 * Throws a `Fault` of code `not_valid` for a count outside 1 to 1,000, an `after` that is no place, and for what cannot be an id.
 */
export async function readPage<Row extends { readonly id: string }, W extends Wanted>(
  wanted: W,
  read: (
    wanted: Omit<W, 'after'> & { readonly after: PagePlace | undefined; readonly countMax: number },
  ) => Promise<readonly Placed<Row>[]>,
): Promise<Page<Row>> {
  const { after, countMax } = wanted
  if (!Number.isInteger(countMax) || countMax < 1 || countMax > countLargest) {
    throw new Fault('not_valid', `A page has 1 to ${countLargest} rows`)
  }
  for (const id of [wanted.project, wanted.account]) {
    if (id !== undefined && !isSlug(id)) throw new Fault('not_valid', 'Name a project or an account by its id')
  }
  const found = await read({ ...wanted, after: placeOf(after), countMax: countMax + 1 })
  const shown = found.slice(0, countMax)
  const rows = shown.map(({ row }) => row)
  const last = shown.at(-1)
  return found.length > countMax && last !== undefined ? { rows, next: `${last.atMicros}_${last.row.id}` } : { rows }
}

function placeOf(after: string | undefined): PagePlace | undefined {
  if (after === undefined) return undefined
  const [, atMicros = '', id = ''] = /^(\d{1,18})_(.{1,64})$/.exec(after) ?? []
  if (!isSlug(id)) throw new Fault('not_valid', 'There is no such page; begin with the first')
  return { atMicros, id }
}

/** What of a list the caller may see; undefined: all of it. */
export function visibleTo(actor: Actor): { readonly account: string; readonly project?: string } | undefined {
  if (actor.kind === 'operator' || actor.role === 'admin') return undefined
  return actor.role === 'lead' ? { account: actor.id, project: actor.project } : { account: actor.id }
}
