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
  let kept = keptMsMin
  for (const counter of state.quotas) kept = Math.max(kept, counter.current.endMs + quotaKeptMs - nowMs)
  for (const rate of state.rates) kept = Math.max(kept, rate.emptyAtMs - nowMs)
  return kept
}

/** The entry with this key. */
export function entryOf<T extends { readonly key: string }>(entries: readonly T[], key: string): T | undefined {
  for (const entry of entries) if (entry.key === key) return entry
  return undefined
}

/** Replaces the entry with the same key, or appends it. */
export function withEntry<T extends { readonly key: string }>(entries: readonly T[], entry: T): readonly T[] {
  const index = entries.findIndex((other) => other.key === entry.key)
  return index === -1 ? [...entries, entry] : entries.with(index, entry)
}
