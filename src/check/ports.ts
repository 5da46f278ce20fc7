import type { CounterWindow, Report, ReportAnswer, Seed } from '../core/charge.ts'
import type { Download } from '../core/download.ts'
import type { Line } from '../core/limit.ts'
import type { Heat } from '../core/price.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { PeekAnswer, SpendAnswer, SpendRequest } from '../core/spend.ts'
import type { PartitionEpoch, Subject, Surface } from '../core/subject.ts'

/** Where decisions find their policy. */
export interface PolicySource {
  /** The snapshot in force: memory only, never waits, never changes under the caller. Undefined until the first one is loaded. */
  current(): Snapshot | undefined
  /** False while the source cannot be asked for changes: an unknown token may then be one that was issued meanwhile. */
  isFresh(): boolean
}

/**
 * Counters, reservations and what is booked under them. An implementation MUST
 * - take the lines of one spend all or nothing, in one atomic step; a refusal takes nothing;
 * - read time only from its own clock, inside that step;
 * - keep every quota counter of a subject equal to the sum of what its reservations are booked at, `at` deciding the window;
 * - answer `cold` for a quota counter it has never held, and move nothing, unless told to pass;
 * - hold one slot per reservation and in-flight cap, from the spend until a release, a final report, its expiry or its own time ends it, and
 *   renew it by every open report before the release;
 * - take a rate line ahead of its time when it would fit within its `paceMsMax`, and give back what has not leaked yet when such a
 *   reservation is refunded, in each partition where it was paced; no other report gives a rate anything back;
 * - throw a `Fault` of code `store_unavailable` when it cannot say what happened, within the caller's deadline.
 */
export interface SpendStore {
  spend(request: SpendRequest): Promise<SpendAnswer>
  /** Looks, takes nothing; cold lines are answered as `cold` states. */
  peek(lines: readonly Line[]): Promise<PeekAnswer>
  /** Merges the cumulative actual into every partition of the reservation. Duplicates and reordering change nothing. */
  report(report: Report): Promise<ReportAnswer>
  /**
   * Frees the slots that a reservation holds, before its end is reported, and answers whose they were; what is booked under it stays as it is.
   * No later report takes them again. A reservation without record, of a lost epoch or without slots has none to free.
   */
  release(reservation: Reservation): Promise<readonly Subject[]>
  /**
   * Recomputes counters of one subject; right at any time, warm or cold. `behind`: the ledger has not read far enough or more than 8,000
   * reservations are pending in the subject's partition, so that reading them would keep all others waiting; nothing changed, the lines
   * stay cold and their postures decide.
   */
  seed(seed: Seed): Promise<'seeded' | 'behind'>
  /**
   * Ends at most `countMax` overdue reservations; answers how many. Does nothing after `notAfterMs`. One that nobody ever reported and that
   * was spent after `brokeAtMs` (store's clock: the last instant at which an access-log stream may have lost entries) never reached Envoy:
   * it is released, booked at nothing. Any other is booked at its estimate (`open`, `unsettled`). Infinity releases none.
   * So it does, before their time, with the first of a partition that has more than 4,000 pending ones, which keeps seeds possible: such a
   * reservation costs the ledger one more entry, and a report within the hour decides it as ever.
   */
  expire(sweep: Sweep): Promise<number>
  /** The store's clock as best known here, epoch ms: local clock + the offset of the last replies. */
  nowMs(): number
}

/** A reservation by what its ticket says of where it lies. */
export interface Reservation {
  readonly id: string
  readonly partitions: readonly PartitionEpoch[]
}

export interface Sweep {
  readonly countMax: number
  readonly notAfterMs: number
  readonly brokeAtMs: number
}

/** Brings a subject's cold counters up from the ledger; resolves false when it could not in time. */
export type Seeder = (
  subject: Subject,
  counters: readonly CounterWindow[],
  deadline: { readonly notAfterMs: number },
) => Promise<boolean>

/**
 * Reports that the store could not take yet, kept on disk and replayed through the store, in order per id, until it answers: also by a
 * successor of this process, however it ended. An implementation MUST be bounded and never make its caller wait.
 */
export interface Spool {
  /** Takes the report over; `notBeforeMs` (store's clock): not to be replayed before. False: it cannot be kept, the disk is full or the bound reached; for an open report, whose request's end is still to come, already where `accepts` is false. */
  add(report: Report, hold?: { readonly notBeforeMs: number }): boolean
  /** Whether a new request may pass on it now, as far as is known: room is left for its end and for those of all that passed. */
  accepts(): boolean
  /** How many wait. */
  size(): number
  /** Tries what waits once more, then stops; what is left waits for the next process. */
  stop(): Promise<void>
}

/** Counters of this process alone, for as long as no store can be asked: decided as any store does, bounded, every quota beginning at 0. */
export interface LocalStore {
  /** Never answers `cold`. Throws a `Fault` of code `store_unavailable` when it is full. */
  spend(request: SpendRequest): Promise<SpendAnswer>
  report(report: Report): Promise<void>
}

/** Sizes of files by (upstream, path), learnt from complete answers. */
export interface SizeCatalogue {
  sizeOf(upstream: string, path: string): number | undefined
  learn(upstream: string, path: string, sizeBytes: number): void
}

/** How one caller's last request for one file ended, by `downloadKey`. Bounded: what is forgotten pays its base price again. */
export interface Downloads {
  lastOf(key: string): Download | undefined
  remember(key: string, download: Download): void
  forget(key: string): void
}

/** What one process learnt about a file; a `download` without one was forgotten. */
export type Hint =
  | { readonly kind: 'size'; readonly upstream: string; readonly path: string; readonly sizeBytes: number }
  | { readonly kind: 'download'; readonly key: string; readonly download?: Download }

/** Hints of all processes on one store, the last few thousand. Every failure is a `Fault` of code `store_unavailable`. */
export interface HintStream {
  tell(hints: readonly Hint[]): Promise<void>
  /** The next ones after a position (the empty text: the oldest that are kept), and where they end: the same position when there are none. */
  heard(after: string): Promise<{ readonly hints: readonly Hint[]; readonly position: string }>
}

/** Fetches a page of an index as PEP 691 JSON, unchecked; undefined when the upstream has no such form. Throws when it cannot be had. */
export type FetchIndex = (page: { readonly url: string; readonly authorization?: string }) => Promise<unknown>

/** How much a package or model is in demand: from memory, refreshed in the background. `normal` for one that nobody has heard of. */
export interface HeatSource {
  heatOf(surface: Surface, resource: string): Heat
}

/** What a process says of itself. */
export interface Beat {
  /** Text that no other process ever drew. */
  readonly id: string
  /** Since its last beat one of its access-log streams ended so that entries may be lost. */
  readonly streamBroke: boolean
  /** Its first beat, before it serves: that it was not on the roll is no break then. */
  readonly isNew: boolean
}

/** All times are the store's, epoch ms. */
export interface RollCall {
  /** That beat lately, the caller included. */
  readonly processes: number
  /** The last instant at which an access-log stream of any process may have lost entries. */
  readonly brokeAtMs: number
}

/**
 * Which processes serve Envoy on one store, and when access-log entries may last have been lost. An implementation MUST
 * - judge by the store's clock alone, in one atomic step, and hold a bounded state without expiry;
 * - count as a break, at the moment it is noticed: a told one; each moment at which a process is silent for `silentMs` without having left,
 *   until it is dropped after `goneMs` (by then Envoy's keepalive has cut its streams too); a process that comes back from being dropped;
 *   a clock that ran back; a roll that was lost or belongs to another life of the store;
 * - throw a `Fault` of code `store_unavailable` when it cannot say what happened.
 */
export interface ProcessRoll {
  beat(beat: Beat): Promise<RollCall>
  /** Off the roll in order: a break only if it tells one. */
  leave(beat: Omit<Beat, 'isNew'>): Promise<void>
}
