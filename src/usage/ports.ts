import type { ChargeEntry, Checkpoint, CounterWindow, Seed } from '../core/charge.ts'
import type { Heat } from '../core/price.ts'
import type { Subject, Surface } from '../core/subject.ts'

/** What a store appended to one partition's stream. */
export interface ChargeBatch {
  readonly partition: number
  /** The epoch in force. A checkpoint of another epoch reads the stream from its start. */
  readonly epoch: string
  readonly entries: readonly ChargeEntry[]
  /** Where the checkpoint stands after these entries; set even when there are none. */
  readonly position: string
}

/** The outgoing side of a spend store: what was charged, in order, until it is trimmed. */
export interface ChargeStream {
  /** At most `countMax` entries after the checkpoint (from the start when it is absent or of another epoch). */
  charges(from: {
    readonly partition: number
    readonly checkpoint: Checkpoint | undefined
    readonly countMax: number
  }): Promise<ChargeBatch>
  /** Partitions whose stream holds something after the given checkpoints, or whose epoch differs from them. One call for all. */
  waiting(checkpoints: readonly Checkpoint[]): Promise<readonly number[]>
  /** Forgets entries up to the checkpoint that are older than `keepMs` on the store's clock. */
  trim(upTo: { readonly checkpoint: Checkpoint; readonly keepMs: number }): Promise<number>
  /** How much waits and how much is held. Absent: not told, and the stream bounds itself. One call for all. */
  sizes?(checkpoints: readonly Checkpoint[]): Promise<StreamSizes>
  /** Subjects whose counters must be recomputed, with the counters they hold. */
  stale(countMax: number): Promise<readonly StaleSubject[]>
}

export interface StreamSizes {
  /** Entries after the checkpoints, in all partitions; counted up to 5,000. */
  readonly unread: number
  /** Entries in all streams, booked ones among them. */
  readonly held: number
}

export interface StaleSubject {
  readonly subject: Subject
  readonly counters: readonly CounterWindow[]
}

/** The books in PostgreSQL. */
export interface LedgerStore {
  /**
   * One transaction: lock the partition's checkpoint, THEN `read` after it, merge the entries, move the checkpoint, commit.
   * Exactly once by the merge: killed at any step, the next drain books the same. Answers how many entries were merged.
   */
  drain(
    partition: number,
    read: (checkpoint: Checkpoint | undefined) => Promise<ChargeBatch>,
  ): Promise<{ readonly merged: number; readonly checkpoint: Checkpoint }>
  /** The subject's figures and the checkpoint they hold at, in one transaction. */
  figures(subject: Subject, counters: readonly CounterWindow[]): Promise<Seed>
  checkpoints(): Promise<readonly Checkpoint[]>
}

/** Where a recomputed subject goes: the spend store's `seed`. */
export interface SeedStore {
  seed(seed: Seed): Promise<'seeded' | 'behind'>
}

export const upkeepSteps = [
  'add_days',
  'drop_days',
  'prune_default',
  'coarsen_details',
  'coarsen_subjects',
  'coarsen_default',
  'prune_counters',
  'prune_subjects',
  'prune_hours',
  'heat',
] as const
export type UpkeepStep = (typeof upkeepSteps)[number]

/** What keeps the books small, coarse where they are old, and ready for the days to come. */
export interface BooksUpkeep {
  /**
   * One bounded transaction of one step: `busy` while another process is at it. Right at any time and however often; it never takes away what
   * a running window, a late report or a roll-up still needs.
   */
  step(name: UpkeepStep): Promise<{ readonly done: number; readonly hasMore: boolean } | 'busy'>
}

/** How much one resource is in demand. */
export interface HeatRow {
  readonly surface: Surface
  readonly resource: string
  readonly heat: Heat
}
