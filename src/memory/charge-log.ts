import type { ChargeEntry, Checkpoint } from '../core/charge.ts'
import type { NewEntry } from '../core/charge-record.ts'
import { isOfEpoch, isSeedable } from '../core/checkpoint.ts'

interface LoggedEntry {
  readonly entry: ChargeEntry
  readonly appendedAtMs: number
}

/** One partition's charge stream in memory. Positions count up from 1; the log forgets only its oldest entries. */
export class ChargeLog {
  readonly #epoch: string
  /** The entry at `#positionAtStart + index + 1`. */
  #entries: LoggedEntry[] = []
  #positionAtStart = 0
  /** How far the ledger is known to have read. */
  #read = 0

  constructor(epoch: string) {
    this.#epoch = epoch
  }

  get size(): number {
    return this.#entries.length
  }

  get lastPosition(): number {
    return this.#positionAtStart + this.#entries.length
  }

  /** Entries that the ledger is not known to have read. */
  get unread(): number {
    return Math.max(0, this.lastPosition - Math.max(this.#positionAtStart, this.#read))
  }

  append(entry: NewEntry, nowMs: number): void {
    const position = String(this.lastPosition + 1)
    this.#entries.push({ entry: { ...entry, position }, appendedAtMs: nowMs })
  }

  /** Position a checkpoint stands at; 0 (the start) when it is absent or of another epoch. */
  positionOf(checkpoint: Checkpoint | undefined): number {
    if (!isOfEpoch(checkpoint, this.#epoch)) return 0
    this.#read = Math.max(this.#read, Math.min(Number(checkpoint.position), this.lastPosition))
    return Number(checkpoint.position)
  }

  /** False when entries after the checkpoint are gone, or it is of another epoch: nothing can be computed from it. */
  reachesBackTo(checkpoint: Checkpoint | undefined): checkpoint is Checkpoint {
    return isSeedable(checkpoint, {
      epoch: this.#epoch,
      isBefore: (position) => Number(position) < this.#positionAtStart,
    })
  }

  after(position: number, countMax: number): ChargeEntry[] {
    const start = Math.max(0, position - this.#positionAtStart)
    return this.#entries.slice(start, start + countMax).map((logged) => logged.entry)
  }

  /** Forgets entries up to `position` that were appended at or before `beforeMs`; answers how many. */
  trim(position: number, beforeMs: number): number {
    let count = 0
    for (const logged of this.#entries) {
      if (this.#positionAtStart + count + 1 > position || logged.appendedAtMs > beforeMs) break
      count += 1
    }
    return this.#forget(count)
  }

  /** Makes room: forgets the oldest `countMax` entries and answers how many of them the ledger had not read. */
  makeRoom(countMax: number): number {
    const before = this.#positionAtStart
    const forgotten = this.#forget(Math.min(countMax, this.#entries.length))
    return Math.max(0, before + forgotten - Math.max(before, this.#read))
  }

  #forget(count: number): number {
    if (count > 0) this.#entries = this.#entries.slice(count)
    this.#positionAtStart += count
    return count
  }
}
