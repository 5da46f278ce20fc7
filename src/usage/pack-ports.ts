import type { CounterWindow } from '../core/charge.ts'
import type { TimeRange } from '../core/limit.ts'
import type { KnownPack, Settlement } from '../core/pack-settlement.ts'
import type { Subject } from '../core/subject.ts'

/** What one quota of one account counts, and the packs of it that may still pay for something. */
export interface PackGroup {
  readonly subject: Subject
  readonly counter: Omit<CounterWindow, 'startMs' | 'endMs'>
  /** Their ids. */
  readonly grants: readonly string[]
}

/** Packs of one quota and account, as the policy in force has them. */
export interface PacksInForce extends PackGroup {
  /** Names account and quota, and changes with whatever of them decides when to settle. */
  readonly key: string
  readonly packs: readonly TimeRange[]
  /** The quota's window that holds an instant. */
  readonly windowAt: (ms: number) => TimeRange
}

/** All packs of one account of which something may be settled, by quota. */
export interface AccountPacks {
  readonly account: string
  readonly groups: readonly PacksInForce[]
}

/** Where packs and what they paid are kept. */
export interface PackBooks {
  /**
   * One transaction: locks the packs, asks `decide` what they paid (which may look at the use of parts of windows, as the books have it then)
   * and writes what differs. Answers whether anything did. Killed at any step nothing is half done, and the next time writes the same.
   */
  settle(
    group: PackGroup,
    decide: (
      packs: readonly KnownPack[],
      usedIn: (parts: readonly TimeRange[]) => Promise<readonly number[]>,
    ) => Promise<Settlement | undefined>,
  ): Promise<boolean>
}
