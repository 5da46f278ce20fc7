import type { ChargeEntry, Checkpoint } from '../../src/core/charge.ts'
import type { NewEntry } from '../../src/core/charge-record.ts'
import { isOfEpoch, isSeedable } from '../../src/core/checkpoint.ts'

interface Appended {
  readonly position: number
  readonly entry: ChargeEntry
  readonly atMs: number
}

/** One partition's charge stream, which older entries may come back to. */
export class SimStream {
  epoch: string
  /** Below it no seed can be computed: where the epoch began, or what was trimmed since. */
  floor = 0
  entries: readonly Appended[] = []
  #last = 0
  readonly #isCounted: boolean

  /** `isCounted`: positions count up from 1 in each life, as those of the in-process store do; else they grow with time. */
  constructor(epoch: string, isCounted: boolean) {
    this.epoch = epoch
    this.#isCounted = isCounted
  }

  get last(): number {
    return this.#last
  }

  append(entry: NewEntry, nowMs: number): void {
    this.#last = Math.max(this.#last + 1, this.#isCounted ? 0 : Math.floor(nowMs) * 1_000)
    const appended = { position: this.#last, entry: { ...entry, position: String(this.#last) }, atMs: nowMs }
    this.entries = [...this.entries, appended]
  }

  /** What a ledger that stands at the checkpoint reads next. */
  after(checkpoint: Checkpoint | undefined, countMax: number): readonly ChargeEntry[] {
    const from = isOfEpoch(checkpoint, this.epoch) ? Number(checkpoint.position) : 0
    const entries: ChargeEntry[] = []
    for (const { position, entry } of this.entries) {
      if (entries.length >= countMax) break
      if (position > from) entries.push(entry)
    }
    return entries
  }

  /** Whether anything waits for a ledger that stands at the checkpoint. */
  isBehind(checkpoint: Checkpoint | undefined): boolean {
    return !isOfEpoch(checkpoint, this.epoch) || Number(checkpoint.position) < (this.entries.at(-1)?.position ?? 0)
  }

  canSeedFrom(checkpoint: Checkpoint | undefined): boolean {
    return isSeedable(checkpoint, { epoch: this.epoch, isBefore: (position) => Number(position) < this.floor })
  }

  trim(checkpoint: Checkpoint, beforeMs: number): number {
    if (!isOfEpoch(checkpoint, this.epoch)) return 0
    const kept = this.entries.filter(({ position, atMs }) => position > Number(checkpoint.position) || atMs > beforeMs)
    const trimmed = this.entries.slice(0, this.entries.length - kept.length)
    this.floor = Math.max(this.floor, trimmed.at(-1)?.position ?? 0)
    this.entries = kept
    return trimmed.length
  }

  /** Another life of the store begins: what it still holds was read, or not, by whoever knew the last one. */
  begin(epoch: string, nowMs: number): void {
    this.epoch = epoch
    if (!this.#isCounted) this.#last = Math.max(this.#last, Math.floor(nowMs) * 1_000)
    this.floor = this.entries.at(-1)?.position ?? 0
  }

  copy(): SimStream {
    const copy = new SimStream(this.epoch, this.#isCounted)
    copy.floor = this.floor
    copy.entries = this.entries
    copy.#last = this.#last
    return copy
  }
}
