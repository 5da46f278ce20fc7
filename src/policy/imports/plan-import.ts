import type { DescriptorRows, DescriptorWrite, DomainRow, LimitRow } from '../import-ports.ts'
import { type Faults, quoted } from './import-fault.ts'
import { type ImportKind, isImported } from './import-id.ts'
import { innerStarsOf } from './inner-stars.ts'
import type { ImportedRow } from './ratelimit-rows.ts'
import { noteUntried } from './untried-limits.ts'

/** What the files say, read and without a fault of their own. */
export interface Wanted {
  readonly kind: ImportKind
  /** Every domain that a file names, also one without limits. */
  readonly domains: readonly string[]
  readonly rows: readonly ImportedRow[]
  /** Each descriptor counted for itself and refused hits charged, as envoyproxy/ratelimit does. Else new domains take the defaults. */
  readonly isAsReference: boolean
  /** Limits that an import made of domains no file names go too. */
  readonly isWhole: boolean
}

/** What an import does, and what it leaves alone. */
export interface ImportPlan extends DescriptorWrite {
  /** Rows as they were, of those that change or go. */
  readonly before: ReadonlyMap<string, LimitRow>
  /** Rows of the imported domains that no import of this format made. They stay, and apply beside. */
  readonly kept: readonly LimitRow[]
  /** Domains of which an import made limits and that no file names any more; they stay too. */
  readonly left: readonly string[]
  /** Names that limits replace and that no limit of their domain has: they do nothing. */
  readonly unheard: readonly string[]
  /** Values with a `*` that is not at the end, which became patterns. */
  readonly innerStars: readonly string[]
}

/**
 * How the rows get from what is there to what the files say: only rows that an import of the same format made are changed or removed, and of
 * them only those that differ. What the format cannot say (posture, charges_refused, note) stays as somebody set it. A row by hand that is in
 * the way is a fault.
 */
export function planImport(wanted: Wanted, now: DescriptorRows, faults: Faults): ImportPlan {
  const named = new Set(wanted.domains)
  const there = new Map(now.limits.map((row) => [row.id, row]))
  const made = now.limits.filter((row) => isImported(wanted.kind, row))
  const byHand = now.limits.filter((row) => named.has(row.domain) && !isImported(wanted.kind, row))
  noteClashes(wanted, { there, byHand }, faults)
  noteUntried(wanted.rows, byHand, faults)
  const ids = new Set(wanted.rows.map(({ row }) => row.id))
  const removed = made.filter(({ id, domain }) => !ids.has(id) && (wanted.isWhole || named.has(domain)))
  const before = new Map(removed.map((row) => [row.id, row]))
  const [added, changed]: [LimitRow[], LimitRow[]] = [[], []]
  for (const { row } of wanted.rows) {
    const old = there.get(row.id)
    if (old === undefined) added.push(row)
    else if (!isSame(old, withKept(row, old))) {
      changed.push(withKept(row, old))
      before.set(row.id, old)
    }
  }
  const others = wanted.isWhole ? [] : made.filter(({ domain }) => !named.has(domain)).map(({ domain }) => domain)
  const rest = { before, kept: byHand, left: [...new Set(others)].sort(), unheard: unheardOf(wanted, byHand) }
  const innerStars = innerStarsOf(wanted.rows)
  return { ...domainsOf(wanted, now), added, changed, removed: removed.map(({ id }) => id), ...rest, innerStars }
}

const asReference = { counting: 'each', charges_refused: true } as const

function domainsOf({ domains, isAsReference }: Wanted, now: DescriptorRows) {
  const there = new Map(now.domains.map((row) => [row.id, row]))
  const settings = isAsReference ? asReference : {}
  const newDomains = domains.filter((id) => !there.has(id)).map((id) => ({ id, ...settings }))
  const changedDomains = domains
    .map((id) => there.get(id))
    .filter((row) => row !== undefined)
    .map((old): { readonly old: DomainRow; readonly row: DomainRow } => ({ old, row: { ...old, ...settings } }))
    .filter(({ old, row }) => old.counting !== row.counting || old.charges_refused !== row.charges_refused)
    .map(({ row }) => row)
  return { newDomains, changedDomains }
}

function unheardOf({ rows }: Wanted, byHand: readonly LimitRow[]): readonly string[] {
  const all = [...rows.map(({ row }) => row), ...byHand]
  const named = new Set(all.map(({ domain, name }) => JSON.stringify([domain, name])))
  const replaced = all.flatMap(({ domain, replaces }) => replaces.map((name) => ({ domain, name })))
  const unheard = replaced.filter(({ domain, name }) => !named.has(JSON.stringify([domain, name])))
  return [...new Set(unheard.map(({ name }) => name))].sort()
}

function noteClashes(
  { rows }: Wanted,
  { there, byHand }: { readonly there: ReadonlyMap<string, LimitRow>; readonly byHand: readonly LimitRow[] },
  faults: Faults,
): void {
  const twins = new Map(byHand.map((row) => [countedAs(row), row]))
  for (const { row, at } of rows) {
    const other = there.get(row.id)
    const twin = twins.get(countedAs(row))
    if (other !== undefined && countedIn(other) !== countedIn(row))
      faults.add(at, `the row ${quoted(row.id)} was given another path by hand: remove it, or give it another id`)
    else if (twin !== undefined)
      faults.add(at, `the row ${quoted(twin.id)}, written by hand, limits the same path and period: remove one of them`)
  }
}

/** Two rows with the same share a counter. */
function countedAs(row: LimitRow): string {
  return JSON.stringify([countedIn(row), row.kind, row.unit, row.units ?? 1, row.time_zone])
}

function countedIn({ domain, entries }: LimitRow): string {
  return JSON.stringify([domain, entries.map(({ key, value, regex, cidr }) => [key, value, regex, cidr])])
}

function withKept(row: LimitRow, { posture, charges_refused, note }: LimitRow): LimitRow {
  return { ...row, posture, charges_refused, note }
}

function isSame(left: LimitRow, right: LimitRow): boolean {
  return written(left) === written(right)
}

/** Field by field in one order, whatever order they came in. */
function written(row: LimitRow): string {
  const entries = row.entries.map((step) => sorted(step))
  return JSON.stringify(sorted({ ...row, entries, units: row.units ?? 1 }))
}

function sorted(fields: object): readonly (readonly [string, unknown])[] {
  return Object.entries(fields).toSorted(([left], [right]) => (left < right ? -1 : 1))
}
