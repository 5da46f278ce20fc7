import type { Journal } from '../../src/files/journal.ts'
import type { Segment } from '../../src/files/segment.ts'
import type { Owner, Scheduler } from './scheduler.ts'

interface DiskFile {
  readonly number: number
  readonly owner: Owner
  payloads: Buffer[]
}

const flushMs = 5

/** The data folder of one machine: what was written to it outlives whoever wrote it. */
export class Disk {
  readonly files: DiskFile[] = []
  #numbers = 0

  open(owner: Owner): DiskFile {
    this.#numbers += 1
    const file = { number: this.#numbers, owner, payloads: [] }
    this.files.push(file)
    return file
  }

  /** Files of processes that have ended. */
  left(): readonly DiskFile[] {
    return this.files.filter(({ owner }) => !owner.alive)
  }
}

/** A journal of one process as `src/files/journal.ts` keeps it: in groups every few milliseconds; what was not written yet dies with it. */
export class SimJournal {
  readonly #scheduler: Scheduler
  readonly #disk: Disk
  readonly #owner: Owner
  #pending: Buffer[] = []
  #listener: () => void = () => undefined
  #active: DiskFile | undefined
  #own: DiskFile[] = []

  constructor(parts: { readonly scheduler: Scheduler; readonly disk: Disk; readonly owner: Owner }) {
    this.#scheduler = parts.scheduler
    this.#disk = parts.disk
    this.#owner = parts.owner
  }

  /** As the shipped replay takes it. */
  asJournal(): Journal {
    return this as unknown as Journal
  }

  onFlush(listener: () => void): void {
    this.#listener = listener
  }

  get segments(): readonly Segment[] {
    return this.#own.flatMap(({ number, payloads }) =>
      payloads.length === 0 ? [] : [{ number, path: String(number), bytes: payloads.length }],
    )
  }

  append(payload: Buffer): boolean {
    if (this.#pending.length === 0) this.#scheduler.after(flushMs, this.#owner, () => this.#write())
    this.#pending.push(payload)
    return true
  }

  async read(segment: Segment, { offset, countMax }: { readonly offset: number; readonly countMax: number }) {
    const payloads = this.#file(segment.number)?.payloads.slice(offset, offset + countMax) ?? []
    return { payloads, goodBytes: payloads.length }
  }

  async seal(): Promise<void> {
    this.#active = undefined
  }

  async drop(number: number): Promise<void> {
    const file = this.#file(number)
    if (file === undefined || file === this.#active) return
    this.#own = this.#own.filter((other) => other !== file)
    this.#disk.files.splice(this.#disk.files.indexOf(file), 1)
  }

  /** Takes over what ended processes left; answers how many records. */
  adopt(): number {
    let records = 0
    for (const left of this.#disk.left()) {
      this.#disk.files.splice(this.#disk.files.indexOf(left), 1)
      if (left.payloads.length === 0) continue
      this.#active = undefined
      const own = this.#disk.open(this.#owner)
      own.payloads = left.payloads
      this.#own.push(own)
      records += own.payloads.length
    }
    return records
  }

  #file(number: number): DiskFile | undefined {
    return this.#own.find((file) => file.number === number)
  }

  #write(): void {
    if (this.#active === undefined) {
      this.#active = this.#disk.open(this.#owner)
      this.#own.push(this.#active)
    }
    this.#active.payloads.push(...this.#pending)
    this.#pending = []
    this.#listener()
  }
}
