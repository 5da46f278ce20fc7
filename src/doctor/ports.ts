import type { Checkpoint, CounterWindow, Seed } from '../core/charge.ts'
import type { Amounts } from '../core/quantity.ts'
import type { Subject } from '../core/subject.ts'

/** What one server of the store says of itself. */
export interface ServerReport {
  readonly version: string
  /** 0 = as much as the machine has. */
  readonly maxmemoryBytes: number
  readonly usedMemoryBytes: number
  /** Anything but `noeviction` may drop counters and reservations. */
  readonly maxmemoryPolicy: string
  /** False: what it holds is gone when it ends. */
  readonly isAppendOnly: boolean
}

/** One partition as the store has it. */
export interface PartitionReport {
  readonly partition: number
  /** Absent: it was never used. */
  readonly epoch?: string
  /** False: the epoch is of another life of the server, and ends at the first use. */
  readonly isOfThisServer: boolean
  /** Entries of its stream, and how many of them the ledger has not read (counted up to 1,000). */
  readonly entries: number
  readonly unread: number
  /** The stream was trimmed beyond the checkpoint: what lay between cannot be read any more. */
  readonly isCheckpointLost: boolean
  /** Redis was restarted since the books end, and the stream begins after them: nobody can tell whether charges lay between. */
  readonly mayHaveLost: boolean
  readonly pending: number
  readonly overdue: number
  readonly stale: number
}

export interface ComparedCounter extends CounterWindow {
  /** Absent: cold. */
  readonly held?: number
  /** The ledger's figure, what its stream holds beyond it, and what is pending. */
  readonly expected: number
}

/** A reservation that is still open, or owes its end to the stream. */
export interface PendingReservation {
  readonly id: string
  readonly atMs: number
  /** `open`: nobody reported it yet; `heard`: reported while it runs; `final`: decided, to be appended. */
  readonly state: 'open' | 'heard' | 'final'
  readonly booked: Amounts
  readonly expiresAtMs: number
  /** What was asked for. */
  readonly resource: string
  readonly file: string
}

/** Looks into a spend store and changes nothing. Throws a `Fault` of code `store_unavailable` when it cannot be asked. */
export interface StoreExam {
  servers(): readonly ServerReport[]
  /** The store's clock as best known here, epoch ms. */
  nowMs(): number
  partition(partition: number, checkpoint: Checkpoint | undefined): Promise<PartitionReport>
  /** What `seed` would make of the subject's counters, beside what they are, as of one instant. `behind`: it cannot be told now. */
  compare(seed: Seed): Promise<readonly ComparedCounter[] | 'behind'>
  /** Which counters the store has of a subject; none: cold. */
  held(subject: Subject): Promise<readonly CounterWindow[]>
  /** The subject's reservations in flight, those due first; at most `countMax`, among the first 2,000 of its partition. */
  pending(subject: Subject, countMax: number): Promise<readonly PendingReservation[]>
}

/** What the books say of themselves; all of it as of one instant each. */
export interface BooksReport {
  readonly nowMs: number
  readonly format: number
  readonly partitions: number
  readonly history: string
  readonly startedAtMs: number
  /** The last call of `tollgate restored`. */
  readonly restored?: { readonly atMs: number; readonly history: string }
  /** Migrations of this release that were not applied, and applied ones that this release does not have or has otherwise. */
  readonly unapplied: readonly string[]
  readonly foreign: readonly string[]
}

export interface EntriesReport {
  /** Ids of today and yesterday that are booked more than once where once is all; at most 10. */
  readonly doubled: readonly string[]
  /** Entries of today and yesterday that stand at their estimate because nobody reported them. */
  readonly unsettled: number
}

/** Looks into the books and changes nothing. Throws a `Fault` when they cannot be asked. */
export interface BooksExam {
  report(): Promise<BooksReport>
  /** Undefined when it takes longer than 10 s. */
  entries(): Promise<EntriesReport | undefined>
  checkpoints(): Promise<readonly Checkpoint[]>
  /** The account, its project and its department; none: there is no such account. */
  subjects(account: string): Promise<readonly Subject[]>
  /** What the books have for these counters, with a row in `quota_usage` or without, and the checkpoint this holds at. */
  figures(subject: Subject, counters: readonly CounterWindow[]): Promise<Seed>
  /**
   * Counters whose window runs, by subject, with the checkpoint they hold at: those that used most, or all of one account and of its project
   * and department. At most `countMax` counters.
   */
  counters(asked: { readonly account?: string; readonly countMax: number }): Promise<readonly Seed[]>
}

/** The spool of one process. */
export interface SpoolReport {
  readonly folder: string
  readonly files: number
  readonly bytes: number
  /** False: its process has ended, another one is to adopt it. */
  readonly isOwned: boolean
}
