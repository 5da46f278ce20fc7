import { join } from 'node:path'
import type { ChargeRecord } from '../core/charge-record.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { AppliedCharge, ChargeJournal, LeftCharge } from '../usage/ports.ts'
import { createAside } from './aside.ts'
import { type ChargeItem, decodeItems, encodeItems, type ReadItem } from './charge-items.ts'
import { Journal } from './journal.ts'
import { LiveSegments, type Need } from './live-segments.ts'
import { openProcessFolder } from './process-folder.ts'
import type { Segment } from './segment.ts'

export interface ChargeJournalOptions {
  /** The data folder; the journals of all processes are in `charges/` of it. */
  readonly dataFolder: string
  readonly bytesMax: number
  readonly observer: Observer
}

/** A `ChargeJournal` on disk, and how to leave it. */
export interface OpenChargeJournal extends ChargeJournal {
  /** Writes what waits; what the ledger has not read stays for the next process. */
  close(): Promise<void>
}

interface Waiting {
  readonly item: ChargeItem
  /** Undefined for what keeps no segment. */
  readonly need: Need | undefined
  /** Over as soon as the item is on disk, and not before: a kill in between must find one of the two. */
  readonly replaces: Need | undefined
}

const flushMs = 5
const itemsPerRecord = 500
/** Of an item with its share of a record's frame. */
const itemBytesLeast = 400
/** Above it the disk is behind by seconds. */
const waitingMax = 50_000
const dropEveryMs = 1_000
const readMax = 64

/**
 * Opens a journal of this process's own and reads those of processes that have ended, which it takes over. Hot paths only remember objects;
 * all that was remembered in 5 ms is written as one text.
 */
export async function openChargeJournal(options: ChargeJournalOptions): Promise<OpenChargeJournal> {
  const { observer, bytesMax } = options
  const folder = await openProcessFolder(join(options.dataFolder, 'charges'))
  const aside = createAside(options.dataFolder)
  const journal = new Journal({ folder: folder.path, journal: 'charges', bytesMax, observer, flushMs: 0, aside })
  const live = new LiveSegments()
  const left: Left = { entries: [], reservations: new Map() }
  for (const path of await folder.findLeft()) {
    const segment = await journal.adopt(path)
    if (segment !== undefined) await readLeft(segment, { journal, left, observer })
  }
  await folder.tidy()
  const kept = new KeptItems({ journal, live, left, bytesMax })
  if (kept.left.entries.length + kept.left.reservations.length > 0) {
    const { entries, reservations } = kept.left
    observer.info('charges_taken_over', { entries: entries.length, reservations: reservations.length })
  }
  const timer = setInterval(() => void kept.drop(), dropEveryMs).unref()
  return Object.assign(kept, {
    async close() {
      clearInterval(timer)
      await kept.finish()
      await folder.close()
    },
  })
}

type LeftItem = Extract<ReadItem, { kind: 'reserved' | 'appended' }> & { readonly segment: number }

interface Left {
  readonly entries: LeftItem[]
  /** By partition and id: those that nothing else was written of. */
  readonly reservations: Map<string, LeftItem>
}

async function readLeft(
  segment: Segment,
  { journal, left, observer }: { readonly journal: Journal; readonly left: Left; readonly observer: Observer },
): Promise<void> {
  for (let offset = 0; offset < segment.bytes; ) {
    const frames = await journal.read(segment, { offset, countMax: readMax })
    if (frames.goodBytes === 0) break
    offset += frames.goodBytes
    for (const payload of frames.payloads) {
      try {
        for (const item of decodeItems(payload)) sortLeft(item, segment.number, left)
      } catch (error) {
        observer.warn('journal_unreadable', { file: segment.path, error })
      }
    }
  }
}

function sortLeft(item: ReadItem, segment: number, { entries, reservations }: Left): void {
  if (item.kind === 'settled') return void reservations.delete(nameOf(item.partition, item.id))
  const name = nameOf(item.entry.partition, item.entry.id)
  if (item.kind === 'reserved') return void reservations.set(name, { ...item, segment })
  reservations.delete(name)
  entries.push({ ...item, segment })
}

function nameOf(partition: number, id: string): string {
  return `${partition} ${id}`
}

interface Parts {
  readonly journal: Journal
  readonly live: LiveSegments
  readonly left: Left
  readonly bytesMax: number
}

class KeptItems implements ChargeJournal {
  readonly left: { readonly entries: readonly LeftCharge[]; readonly reservations: readonly LeftCharge[] }
  readonly #journal: Journal
  readonly #live: LiveSegments
  readonly #bytesMax: number
  /** Of reservations that are not settled. */
  readonly #reserved = new Map<string, Need>()
  /** Of entries the ledger has not read, per partition in the order of their positions. */
  readonly #unread = new Map<number, { readonly position: number; readonly need: Need }[]>()
  #waiting: Waiting[] = []
  /** The largest mean of a group so far. */
  #itemBytes = itemBytesLeast
  /** The journal did not take what waits. */
  #isRefused = false
  #timer: NodeJS.Timeout | undefined

  constructor({ journal, live, left, bytesMax }: Parts) {
    this.#journal = journal
    this.#bytesMax = bytesMax
    this.#live = live
    const charges = (items: Iterable<LeftItem>): readonly LeftCharge[] =>
      [...items].map(({ entry, segment }) => this.#leftCharge(entry, segment))
    this.left = { entries: charges(left.entries), reservations: charges(left.reservations.values()) }
  }

  /** Keeps room for what waits and for the end of every reservation: one that cannot be settled keeps its segment, and the journal full. */
  get accepts(): boolean {
    const owed = (this.#waiting.length + this.#reserved.size + 1) * this.#itemBytes
    return this.settles && this.#journal.bytes + owed <= this.#bytesMax
  }

  get settles(): boolean {
    return !this.#isRefused && this.#journal.accepts && this.#waiting.length < waitingMax
  }

  reserved(partition: number, record: ChargeRecord): void {
    const name = nameOf(partition, record.id)
    this.#reserved.set(name, this.#remember({ kind: 'reserved', partition, record }, this.#reserved.get(name)))
  }

  applied({ partition, id, appended, isSettled }: AppliedCharge): void {
    const name = nameOf(partition, id)
    const reserved = isSettled ? this.#reserved.get(name) : undefined
    if (isSettled) this.#reserved.delete(name)
    if (appended !== undefined) {
      const need = this.#remember({ kind: 'appended', entry: appended.entry }, reserved)
      this.#unreadOf(partition).push({ position: appended.position, need })
    } else if (reserved !== undefined) {
      this.#wait({ item: { kind: 'settled', partition, id }, need: undefined, replaces: reserved })
    }
  }

  booked(partition: number, position: number): void {
    const unread = this.#unread.get(partition)
    if (unread === undefined) return
    const rest = unread.findIndex((one) => one.position > position)
    const booked = unread.splice(0, rest === -1 ? unread.length : rest)
    for (const { need } of booked) this.#live.over(need)
  }

  /** Removes what nothing is needed of any more; a lone file is only begun anew when it is worth it. */
  async drop(): Promise<void> {
    const segments = this.#journal.segments
    const unneeded = this.#live.unneeded(segments.map(({ number }) => number))
    const isWorthIt = this.#waiting.length === 0 || !this.settles
    if (unneeded.length > 0 && unneeded.length === segments.length && isWorthIt) await this.#journal.seal()
    for (const number of unneeded) {
      // What came into it meanwhile keeps it.
      if (this.#live.unneeded([number]).length === 0) break
      await this.#journal.drop(number)
      this.#live.dropped(number)
    }
  }

  async finish(): Promise<void> {
    clearTimeout(this.#timer)
    this.#flush()
    await this.#journal.flush()
    await this.drop()
    await this.#journal.close()
  }

  #leftCharge(entry: LeftItem['entry'], segment: number): LeftCharge {
    const need: Need = { segment: undefined, isOver: false }
    this.#live.written(need, segment)
    return { entry, appendedAt: (position) => void this.#unreadOf(entry.partition).push({ position, need }) }
  }

  #unreadOf(partition: number): { readonly position: number; readonly need: Need }[] {
    const known = this.#unread.get(partition)
    if (known !== undefined) return known
    const made: { readonly position: number; readonly need: Need }[] = []
    this.#unread.set(partition, made)
    return made
  }

  #remember(item: ChargeItem, replaces?: Need): Need {
    const need: Need = { segment: undefined, isOver: false }
    this.#wait({ item, need, replaces })
    return need
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flush()
    }, flushMs).unref()
  }

  /** What the journal does not take waits and is tried again. */
  #flush(): void {
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, itemsPerRecord)
      const onKept = (segment: number): void => {
        for (const { need, replaces } of group) {
          if (need !== undefined) this.#live.written(need, segment)
          if (replaces !== undefined) this.#live.over(replaces)
        }
      }
      const bytes = encodeItems(group.map(({ item }) => item))
      this.#itemBytes = Math.max(this.#itemBytes, Math.ceil(bytes.length / group.length))
      if (!this.#journal.append(bytes, onKept)) break
      this.#waiting = this.#waiting.slice(group.length)
    }
    this.#isRefused = this.#waiting.length > 0
    if (!this.#isRefused) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flush()
    }, 50 * flushMs).unref()
  }
}
