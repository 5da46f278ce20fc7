import type { Observer } from '../telemetry/observer.ts'
import type { ChargeJournal } from '../usage/ports.ts'

/** What an in-process store is made with. */
export interface MemorySpendStoreOptions {
  readonly nowMs: () => number
  /** Text that no other start of a store ever drew: names the epoch. */
  readonly randomText: () => string
  readonly observer: Observer
  /** Entries kept over all partitions, about 500 bytes each: booked ones go first. When three quarters wait for the ledger spends fail. */
  readonly chargesMax?: number
  /** Reservations kept over all partitions, about 750 bytes each. Above it the settled ones due first are forgotten early; then spends fail. */
  readonly recordsMax?: number
  /** Subjects with counters over all partitions, below 1 kB each. Above it spends and seeds of new ones fail. */
  readonly subjectsMax?: number
  /** False: nobody reads the stream, so its oldest entries may go at any time. */
  readonly areBooked?: boolean
  /** Keeps what must outlive the process; absent: what is not booked ends with it. */
  readonly journal?: ChargeJournal
}
