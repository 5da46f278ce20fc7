import type { NewAlertEvent } from '../core/alert-event.ts'
import type { ChargeEntry, Checkpoint, CounterWindow, Seed, SeededCounter } from '../core/charge.ts'
import type { ChargeRecord, NewEntry } from '../core/charge-record.ts'
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

/** What became of one record of an in-process store. */
export interface AppliedCharge {
  readonly partition: number
  readonly id: string
  /** What was appended to the stream, and where; absent: nothing. */
  readonly appended?: { readonly entry: NewEntry; readonly position: number }
  /** Nothing is owed to the stream any more. */
  readonly isSettled: boolean
}

/** What earlier processes had neither booked nor settled when they ended, each in the order of its making. */
export interface LeftCharges {
  readonly entries: readonly LeftCharge[]
  /** Nobody reported these reservations: booked at their estimate. */
  readonly reservations: readonly LeftCharge[]
}

export interface LeftCharge {
  readonly entry: NewEntry
  /** To be called once the entry stands in the new stream. */
  readonly appendedAt: (position: number) => void
}

/**
 * Where an in-process store writes what must outlive its process. Nobody waits for it: what a kill loses is at most 10 ms old. An
 * implementation MUST be bounded and, when it can take no more, say so instead of forgetting.
 */
export interface ChargeJournal {
  /** What is to be booked first; once. */
  readonly left: LeftCharges
  /** False: no new reservation fits, with room left for the ends of those that are open. */
  readonly accepts: boolean
  /** False: nothing more fits, not even the end of a reservation. */
  readonly settles: boolean
  /** A pending record as it stands now; again whenever it owes more. */
  reserved(partition: number, record: ChargeRecord): void
  applied(charge: AppliedCharge): void
  /** The ledger has committed everything of the partition up to here. */
  booked(partition: number, position: number): void
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

/** A counter by whose it is. */
export interface SubjectCounter extends CounterWindow {
  readonly subject: Subject
}

/** A counter as the books have it. */
export interface BookedCounter extends SeededCounter {
  readonly subject: Pick<Subject, 'kind' | 'id'>
}

/** One limit in one window of one subject: what levels are told of once each. */
export interface LimitWindow {
  readonly subject: Pick<Subject, 'kind' | 'id'>
  readonly limit: string
  /** Id of the limit's row, by which a limit is known again when it is renamed. Absent: not known. */
  readonly rule?: string
  readonly startMs: number
}

/** A level that was written and has not ended. */
export interface StandingLevel extends LimitWindow {
  /** Of its event. */
  readonly id: string
  readonly percent: number
  /** What the limit was when it was last held against it, in code units. */
  readonly amount: number
}

/** Finds what a batch of charges is to be told of, while it is booked. Memory only: it may be called in a transaction, and waits for nothing. */
export interface LedgerWatch {
  batch(entries: readonly ChargeEntry[]): BatchWatch
}

/** Called in this order; every step may be left out, and is then made up for by a later batch. */
export interface BatchWatch {
  /** Counters that must have a row of their own before the batch is booked, because what moves without one is not seen. A bounded number. */
  readonly rows: readonly SubjectCounter[]
  /** The limits of which something may have to be told, now that the batch has moved these counters: what stands of them is to be looked up. */
  reached(moved: readonly BookedCounter[]): readonly LimitWindow[]
  /**
   * What is to be written with the batch; `standing` are all levels that stand of what `reached` answered. Those of `ended` are ended first:
   * they were told of a smaller amount and stand in the way of what is told now.
   */
  events(standing: readonly StandingLevel[]): {
    readonly ended: readonly string[]
    readonly events: readonly NewAlertEvent[]
  }
  /** What of it is now in the books for good. */
  committed(kept: { readonly rows: boolean; readonly events: boolean }): void
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
  'prune_refusals',
  'prune_links',
  'prune_grants',
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

export const usageGroups = ['hour', 'day', 'resource', 'account', 'project', 'department'] as const
export type UsageGroup = (typeof usageGroups)[number]

/** Which use is asked for; what is absent is anybody's. */
export interface UsageWish {
  readonly account?: string
  readonly project?: string
  readonly department?: string
  readonly token?: string
  readonly resource?: string
  /** From here to before `untilMs`; whole hours where sums are asked for. */
  readonly sinceMs: number
  readonly untilMs: number
  /** Of hours and days only rows that begin before; the total is of the whole range all the same. */
  readonly beforeMs?: number
  readonly rowsMax: number
}

/** Exact decimal texts: sums may lie beyond what a number holds. Credits in credits. */
export interface UsageSum {
  /** Requests, whatever they were booked at. */
  readonly entries: string
  /** Those that were delivered, whole or in part. */
  readonly charged: string
  /** Those that nobody has reported. */
  readonly unsettled: string
  /** Those whose booking may still change. */
  readonly not_yet_final: string
  readonly credits: string
  readonly bytes: string
  readonly gpu_ms: string
}

/** One request as it is booked; texts as in `UsageSum`, `at` in ISO 8601. */
export interface BookedRequest {
  readonly at: string
  readonly id: string
  readonly account: string
  readonly project: string
  readonly department: string
  readonly token: string
  readonly address: string
  readonly upstream: string
  readonly surface: Surface
  readonly kind: string
  readonly resource: string
  readonly file: string
  readonly outcome: string
  readonly state: 'open' | 'final'
  readonly unsettled: boolean
  readonly credits: string
  readonly bytes: string
  readonly gpu_ms: string
}

/** The books as people ask for them. Every request counts once. */
export interface UsageReader {
  /** Of hours and days the latest first, of all else the dearest. `total` is over everything, also over rows that were cut off. */
  sums(
    wish: UsageWish,
    by: UsageGroup,
  ): Promise<{
    readonly rows: readonly (UsageSum & { readonly key: string; readonly surface: string })[]
    readonly total: UsageSum
    readonly isCut: boolean
  }>
  /** The latest first. */
  entries(wish: UsageWish): Promise<{ readonly rows: readonly BookedRequest[]; readonly isCut: boolean }>
}
