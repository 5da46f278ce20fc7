import { type QuotaCounter, quotaKeptMs } from './quota-counter.ts'
import type { RateState } from './rate.ts'

/** Everything a store holds of one subject in one partition's epoch. */
export interface SubjectState {
  readonly epoch: string
  /** The instant at which the store noticed that it had forgotten this subject; rates it does not hold start half full there. 0 = never. */
  readonly halfFullAtMs: number
  readonly rates: readonly RateState[]
  readonly quotas: readonly QuotaCounter[]
}

const keptMsMin = 60_000

/** The state as it counts in `epoch`: one of another epoch was forgotten, which leaves its counters cold and its rates half full. */
export function stateInEpoch(state: SubjectState | undefined, epoch: string, nowMs: number): SubjectState {
  if (state === undefined) return { epoch, halfFullAtMs: 0, rates: [], quotas: [] }
  return state.epoch === epoch ? state : { epoch, halfFullAtMs: nowMs, rates: [], quotas: [] }
}

/** How long a store must keep the state: quotas 48 hours past their window, rates until they are empty. */
export function keptMs(state: SubjectState, nowMs: number): number {
  const quotas = state.quotas.map((counter) => counter.current.endMs + quotaKeptMs - nowMs)
  const rates = state.rates.map((rate) => rate.emptyAtMs - nowMs)
  return Math.max(keptMsMin, ...quotas, ...rates)
}

/** Replaces the entry with the same key, or appends it. */
export function withEntry<T extends { readonly key: string }>(entries: readonly T[], entry: T): readonly T[] {
  const index = entries.findIndex((other) => other.key === entry.key)
  return index === -1 ? [...entries, entry] : entries.with(index, entry)
}
