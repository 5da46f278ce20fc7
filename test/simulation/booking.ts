/**
 * What the ledger's SQL does, as a specification: `queries/ledger-merge.sql` and `queries/ledger-figures.sql` over the rows that
 * `ledger-row.ts` makes. `test/integration/usage/booking-agrees.test.ts` holds the SQL against it.
 */

export interface EntryRow {
  readonly mint_day: string
  readonly id: string
  readonly at: string
  readonly surface: string
  readonly outcome: string
  readonly state: 'open' | 'final'
  readonly unsettled: boolean
  readonly requests: number
  readonly credits_milli: number
  readonly bytes: number
  readonly gpu_ms: number
  readonly subjects: readonly string[]
  readonly only_if_booked: boolean
}

export interface BookedRow extends Omit<EntryRow, 'only_if_booked'> {
  readonly atMs: number
}

export interface AskedCounter {
  readonly surface: string
  readonly quantity: string
  readonly window_kind: string
  readonly time_zone: string
  readonly start_at: string
  readonly end_at: string
}

export interface KeptCounter extends AskedCounter {
  readonly subject: string
  readonly used: number
}

/** One partition's books. */
export interface Books {
  readonly rows: Map<string, BookedRow>
  readonly kept: Map<string, KeptCounter>
}

const quantities = ['requests', 'credits_milli', 'bytes', 'gpu_ms'] as const

/** Merges a batch, in stream order; answers how many counters would have gone below 0. */
export function mergeBatch(books: Books, batch: readonly EntryRow[]): number {
  let clamps = 0
  const changed = new Map<string, { readonly old: BookedRow | undefined; readonly told: EntryRow[] }>()
  for (const entry of batch) {
    const key = rowKey(entry)
    const old = books.rows.get(key)
    const known = changed.get(key) ?? { old, told: [] }
    if (entry.only_if_booked && old === undefined && known.told.every((earlier) => earlier.only_if_booked)) continue
    known.told.push(entry)
    changed.set(key, known)
  }
  for (const [key, { old, told }] of changed) {
    const row = mergedRow(old, told)
    books.rows.set(key, row)
    clamps += moveKept(books, row, old)
  }
  return clamps
}

/** What a counter of a subject has used, by the kept row or, without one, by the entries. */
export function usedBy(
  books: Books,
  subject: string,
  counter: AskedCounter,
): { readonly isKept: boolean; readonly used: number } {
  const kept = books.kept.get(keptKey(subject, counter))
  return kept === undefined
    ? { isKept: false, used: summedUp(books, subject, counter) }
    : { isKept: true, used: kept.used }
}

export function summedUp(books: Books, subject: string, counter: AskedCounter): number {
  const [startMs, endMs] = [Date.parse(counter.start_at), Date.parse(counter.end_at)]
  let used = 0
  for (const row of books.rows.values()) {
    if (row.atMs < startMs || row.atMs >= endMs || !row.subjects.includes(subject)) continue
    if (counter.surface === 'any' || counter.surface === row.surface) used += amountOf(row, counter.quantity)
  }
  return used
}

export function keptKey(subject: string, counter: AskedCounter): string {
  const { surface, quantity, window_kind, time_zone, start_at, end_at } = counter
  return [subject, surface, quantity, window_kind, time_zone, start_at, end_at].join(' ')
}

function rowKey({ mint_day, id }: Pick<EntryRow, 'mint_day' | 'id'>): string {
  return `${mint_day} ${id}`
}

/** Final over open, then the larger amount, quantity by quantity; who and when as first booked. */
function mergedRow(old: BookedRow | undefined, told: readonly EntryRow[]): BookedRow {
  const all: readonly (EntryRow | BookedRow)[] = old === undefined ? told : [old, ...told]
  const isFinal = all.some(({ state }) => state === 'final')
  const counting = all.filter(({ state }) => state === 'final' || !isFinal)
  const first = all[0]
  const last = counting.toSorted(
    (left, right) => right.bytes - left.bytes || right.credits_milli - left.credits_milli,
  )[0]
  if (first === undefined || last === undefined) throw new RangeError('Nothing was told')
  const largest = Object.fromEntries(quantities.map((name) => [name, Math.max(...counting.map((row) => row[name]))]))
  return {
    ...first,
    ...(largest as Pick<EntryRow, (typeof quantities)[number]>),
    state: isFinal ? 'final' : 'open',
    unsettled: counting.some(({ unsettled }) => unsettled),
    outcome: last.outcome,
    atMs: Date.parse(first.at),
  }
}

function moveKept(books: Books, row: BookedRow, old: BookedRow | undefined): number {
  let clamps = 0
  for (const [key, kept] of books.kept) {
    if (row.atMs < Date.parse(kept.start_at) || row.atMs >= Date.parse(kept.end_at)) continue
    if (!row.subjects.includes(kept.subject) || (kept.surface !== 'any' && kept.surface !== row.surface)) continue
    const used = kept.used + amountOf(row, kept.quantity) - (old === undefined ? 0 : amountOf(old, kept.quantity))
    if (used < 0) clamps += 1
    books.kept.set(key, { ...kept, used: Math.max(0, used) })
  }
  return clamps
}

function amountOf(row: BookedRow, quantity: string): number {
  switch (quantity) {
    case 'requests':
      return row.requests
    case 'credits':
      return row.credits_milli
    case 'bytes':
      return row.bytes
    default:
      return row.gpu_ms
  }
}
