import type { ChargeEntry, CounterWindow, SeededCounter } from '../core/charge.ts'
import { subjectName } from '../core/subject.ts'

const textLengthMax = 1_024
/** Ids that do not tell when they were minted share this day; the day is only part of a key, so that is still exact. */
const unknownDay = '1970-01-01'
const dayLast = Date.UTC(9999, 11, 31)

export type LedgerRow = Readonly<Record<string, unknown>> & { readonly mint_day: string }

/**
 * One entry as `queries/ledger-merge.sql` takes it, or undefined when it could never be booked (amounts that are no counts, an id that is
 * empty): one such entry must not hold up a partition for ever. Texts lose what PostgreSQL can't hold (NUL, lone surrogates) and all beyond
 * 1,024 characters.
 */
export function ledgerRow(entry: ChargeEntry): LedgerRow | undefined {
  const { amounts, meta } = entry
  if (!Object.values(amounts).every(isCount) || !isCount(entry.at) || entry.at > dayLast) return undefined
  if (entry.id === '' || entry.id.length > textLengthMax || (entry.surface !== 'pypi' && entry.surface !== 'gpu'))
    return undefined
  return {
    mint_day: mintDayOf(entry.id),
    id: storable(entry.id),
    at: new Date(entry.at).toISOString(),
    account: storable(meta.account),
    project: storable(meta.project),
    department: storable(meta.department),
    token: storable(meta.token),
    address: storable(meta.address),
    upstream: storable(meta.upstream),
    surface: entry.surface,
    kind: storable(meta.kind),
    resource: storable(meta.resource),
    file: storable(meta.file),
    is_home: entry.home === entry.partition,
    outcome: entry.outcome,
    state: entry.state,
    unsettled: entry.unsettled,
    requests: amounts.requests,
    credits_milli: amounts.credits,
    bytes: amounts.bytes,
    gpu_ms: amounts.gpu_ms,
    subjects: entry.subjects
      .filter((subject) => subject.partition === entry.partition)
      .map((one) => storable(subjectName(one))),
    only_if_booked: entry.onlyIfBooked,
  }
}

/** The UTC day in a reservation id (`<random>.<mint time in base 36>`), as PostgreSQL writes dates. */
export function mintDayOf(id: string): string {
  const text = id.slice(id.lastIndexOf('.') + 1)
  const mintedAtMs = id.includes('.') && /^[0-9a-z]{1,10}$/.test(text) ? Number.parseInt(text, 36) : Number.NaN
  return mintedAtMs >= 0 && mintedAtMs <= dayLast ? new Date(mintedAtMs).toISOString().slice(0, 10) : unknownDay
}

/** A counter's identity as the ledger queries take it; `used`, when given, in the quantity's code unit. */
export function counterRow(counter: CounterWindow | SeededCounter): Readonly<Record<string, unknown>> {
  return {
    surface: counter.surface,
    quantity: counter.quantity,
    window_kind: counter.window,
    time_zone: counter.timeZone,
    start_at: new Date(counter.startMs).toISOString(),
    end_at: new Date(counter.endMs).toISOString(),
    ...('used' in counter ? { used: counter.used } : {}),
  }
}

/** A text as PostgreSQL can hold it. */
export function storable(text: string): string {
  return text.slice(0, textLengthMax).toWellFormed().replaceAll('\0', '\uFFFD')
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
