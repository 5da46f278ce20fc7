import type { NewAlertEvent } from '../core/alert-event.ts'
import type { Subject } from '../core/subject.ts'
import type { BookedCounter, StandingLevel } from './ports.ts'

/** A counter of a window that is not over, or what a level that stands without one says of it, with the levels that stand of any limit over it. */
export interface CounterLevels extends BookedCounter {
  readonly standing: readonly StandingLevel[]
}

/** Levels that a change of policy ended, and what is told of it. */
export interface EndedLevels {
  readonly ids: readonly string[]
  /** What is written of those that had not been ended before, one at least; absent: nothing is told. */
  readonly eventOf?: (ended: readonly string[]) => NewAlertEvent | undefined
}

/** A level that stands on by the new name of its limit. */
export interface RenamedLevel {
  readonly id: string
  readonly limit: string
  /** By `levelKey`. Where one with this key stands, nothing is renamed. */
  readonly key: string
}

/** Levels that stand on although their limit is another: what they are held against from here on. */
export interface HeldLevels {
  readonly ids: readonly string[]
  /** In code units. */
  readonly amount: number
}

/** The books as they are held against a changed policy. All but `settle` read only, and counters only of windows that hold `nowMs`. */
export interface LevelBooks {
  /** Of these subjects, at most 1,000. */
  countersOf(subjects: readonly Subject[], nowMs: number): Promise<readonly CounterLevels[]>
  /** Of everybody, page by page; `after` is what the page before answered as `next`. */
  counters(page: {
    readonly after: string | undefined
    readonly countMax: number
    readonly nowMs: number
  }): Promise<{ readonly rows: readonly CounterLevels[]; readonly next?: string }>
  /** In one transaction. Answers how many events were new. */
  settle(changes: {
    readonly ended: readonly EndedLevels[]
    readonly renamed: readonly RenamedLevel[]
    readonly held: readonly HeldLevels[]
    readonly events: readonly NewAlertEvent[]
  }): Promise<number>
}
