import type { NewEntry } from '../core/charge-record.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { ChargeJournal } from '../usage/ports.ts'
import type { Partition } from './partition.ts'

export interface KeptChargesOptions {
  readonly partitions: ReadonlyMap<number, Partition>
  /** Entries kept over all partitions. */
  readonly chargesMax: number
  /** False: nobody reads them. */
  readonly areBooked: boolean
  readonly journal: ChargeJournal | undefined
  readonly observer: Observer
}

const roomMade = 1_000
/** Of the entries that are kept; above it the ledger is so far behind that nothing more is taken: what is open will be appended too. */
const unreadShareMax = 0.75

/** The streams of all partitions of one in-process store: how much they hold together, and whether there is room for more. */
export class KeptCharges {
  readonly #options: KeptChargesOptions
  #size = 0

  constructor(options: KeptChargesOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#size
  }

  /** Whether what is taken now can be booked later: refused is better than forgotten. */
  get haveRoom(): boolean {
    const { journal, areBooked, chargesMax, partitions } = this.#options
    if (journal?.accepts === false) return false
    if (!areBooked || this.#size < chargesMax * unreadShareMax) return true
    let unread = 0
    for (const { log } of partitions.values()) unread += log.unread
    return unread < chargesMax * unreadShareMax
  }

  /** Answers the entry's position. Above the bound the oldest entries of the fullest partition go; those nobody had read are counted as lost. */
  append({ log }: Partition, entry: NewEntry, nowMs: number): number {
    log.append(entry, nowMs)
    const position = log.lastPosition
    this.#size += 1
    if (this.#size > this.#options.chargesMax) this.#forgetOldest()
    return position
  }

  trimmed(count: number): void {
    this.#size -= count
  }

  #forgetOldest(): void {
    const { partitions, areBooked, observer } = this.#options
    const fullest = partitions
      .values()
      .map(({ log }) => log)
      .reduce((left, right) => (right.size > left.size ? right : left))
    const before = fullest.size
    const lost = fullest.makeRoom(roomMade)
    this.#size -= before - fullest.size
    if (lost > 0 && areBooked) observer.count('charges_lost_total', {}, lost)
  }
}
