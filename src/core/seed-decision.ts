import type { CounterWindow, Seed, SeededCounter } from './charge.ts'
import { type ChargeRecord, type NewEntry, unappended } from './charge-record.ts'
import { quotaKey } from './counter-key.ts'
import type { Amounts } from './quantity.ts'
import type { QuotaCounter } from './quota-counter.ts'
import type { Subject, Surface } from './subject.ts'
import { type SubjectState, stateInEpoch, withEntry } from './subject-state.ts'
import { holds } from './time-range.ts'

/** A seed reads at most so many entries after the checkpoint and so many pending records; with more it is behind. */
export const seedBounds = { entriesMax: 5_000, pendingMax: 8_000 }
/** Above so many pending records a sweep books the first of a partition before their time, so that seeds stay possible. */
export const pendingKept = 4_000

/** What a store holds about a subject beyond the ledger's checkpoint, which the store found to be valid. */
export interface SeedView {
  readonly nowMs: number
  readonly epoch: string
  readonly state: SubjectState | undefined
  /** The subject is marked stale: none of its counters can be trusted. */
  readonly stale: boolean
  /** Entries of the partition's stream after the checkpoint; one more than `seedBounds` allows is as good as all. */
  readonly entries: readonly NewEntry[]
  /** Every pending record of the partition, of whatever epoch; one more than `seedBounds` allows is as good as all. */
  readonly pending: readonly ChargeRecord[]
}

/**
 * The specification of `seed`: the ledger's figure + the differences it has not read + what pending records owe to the stream.
 * Undefined = behind: an entry without difference, whose effect on the ledger cannot be known here, is still unread, or there is more to
 * read than everybody else can wait for.
 */
export function decideSeed(
  seed: Seed,
  view: SeedView,
): { readonly state: SubjectState; readonly clamps: number } | undefined {
  const charges = chargesOf(seed.subject, view)
  if (charges === undefined) return undefined
  const state = stateInEpoch(view.state, view.epoch, view.nowMs)
  // The other counters of a stale subject are as doubtful as the seeded ones: cold. Of any other subject they are right.
  let quotas: readonly QuotaCounter[] = view.stale ? [] : state.quotas
  let clamps = 0
  for (const counter of seed.counters) {
    // A window that does not run now would roll to 0 and forget what was booked meanwhile: better cold.
    if (!holds(counter, view.nowMs)) continue
    const used = figure(counter, charges)
    if (used < 0) clamps += 1
    quotas = withEntry(quotas, counterOf(counter, Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, used))))
  }
  return { state: { ...state, quotas }, clamps }
}

/** What a ledger must be asked to recompute this counter. */
export function counterWindowOf(counter: QuotaCounter): CounterWindow {
  const { surface, quantity, window, timeZone, current } = counter
  return { surface, quantity, window, timeZone, startMs: current.startMs, endMs: current.endMs }
}

interface Charge {
  readonly at: number
  readonly surface: Surface
  readonly amounts: Amounts
}

function chargesOf(subject: Subject, view: SeedView): Charge[] | undefined {
  if (view.entries.length > seedBounds.entriesMax || view.pending.length > seedBounds.pendingMax) return undefined
  const concerns = (charge: { readonly subjects: readonly Subject[] }): boolean =>
    charge.subjects.some((other) => other.kind === subject.kind && other.id === subject.id)
  const charges: Charge[] = []
  for (const entry of view.entries.filter(concerns)) {
    if (entry.difference === undefined) return undefined
    charges.push({ at: entry.at, surface: entry.surface, amounts: entry.difference })
  }
  for (const record of view.pending.filter(concerns)) {
    charges.push({ at: record.at, surface: record.surface, amounts: unappended(record) })
  }
  return charges
}

function figure(counter: SeededCounter, charges: readonly Charge[]): number {
  return charges
    .filter((charge) => holds(counter, charge.at) && (counter.surface === 'any' || counter.surface === charge.surface))
    .reduce((sum, charge) => sum + charge.amounts[counter.quantity], counter.used)
}

function counterOf(counter: SeededCounter, used: number): QuotaCounter {
  const { surface, quantity, window, timeZone, startMs, endMs } = counter
  return { key: quotaKey(counter), surface, quantity, window, timeZone, current: { startMs, endMs, used } }
}
