import type { CounterWindow, Report, ReportAnswer, Seed } from '../core/charge.ts'
import type { Line } from '../core/limit.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { PeekAnswer, SpendAnswer, SpendRequest } from '../core/spend.ts'
import type { Subject } from '../core/subject.ts'

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
 * - throw a `Fault` of code `store_unavailable` when it cannot say what happened, within the caller's deadline.
 */
export interface SpendStore {
  spend(request: SpendRequest): Promise<SpendAnswer>
  /** Looks, takes nothing; cold lines are answered as `cold` states. */
  peek(lines: readonly Line[]): Promise<PeekAnswer>
  /** Merges the cumulative actual into every partition of the reservation. Duplicates and reordering change nothing. */
  report(report: Report): Promise<ReportAnswer>
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

/** Sizes of files by (upstream, path), learnt from complete answers. */
export interface SizeCatalogue {
  sizeOf(upstream: string, path: string): number | undefined
  learn(upstream: string, path: string, sizeBytes: number): void
}
