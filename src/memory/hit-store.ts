import type { HitStore } from '../check/hit-ports.ts'
import { Fault } from '../core/fault.ts'
import type { HitAnswer, HitCounter, HitLine, HitRequest } from '../core/hit.ts'
import { answerUnseen, decideHits, type HitDecision } from '../core/hit-decision.ts'
import { type HeldHits, windowStartOf } from '../core/hit-look.ts'
import { chargedRate, debtAt, type RateState } from '../core/rate.ts'
import { partitionCount } from '../core/subject.ts'
import type { Observer } from '../telemetry/observer.ts'
import { DueHeap } from './due-heap.ts'
import { SlotShelf } from './slot-shelf.ts'

export interface MemoryHitStoreOptions {
  readonly nowMs: () => number
  /** Counters and slots that are held at most; what would need more fails. */
  readonly countersMax: number
  readonly observer?: Observer
}

/** Kept beyond its end, in case the clock is set back a little. */
const keptMs = 5_000
/** What one call forgets at most of what is due, */
const forgottenPerCall = 8
/** and for each of its lines: more than it can begin. */
const forgottenPerLine = 2

/** One counter: of a window by its start, of a rate, of slots. */
interface Held {
  used: number
  rate: RateState | undefined
  shelf: SlotShelf | undefined
  forgetAtMs: number
}

/**
 * Counts hits in this process: what `core` decides, over maps that forget as they are used. Promises resolve in the same turn; the
 * synchronous part is the atomic step. Fails with a `Fault` of code `store_unavailable` only when it is full.
 */
export function createMemoryHitStore(options: MemoryHitStoreOptions): HitStore {
  return new MemoryHitStore(options)
}

class MemoryHitStore implements HitStore {
  readonly #options: MemoryHitStoreOptions
  /** By partition, so that no map is ever so large that its growth is a pause. */
  readonly #counters: readonly Map<string, Held>[] = Array.from({ length: partitionCount }, () => new Map())
  readonly #due = new DueHeap()
  #size = 0

  constructor(options: MemoryHitStoreOptions) {
    this.#options = options
  }

  nowMs(): number {
    return this.#options.nowMs()
  }

  async hit(request: HitRequest): Promise<HitAnswer> {
    const nowMs = Math.floor(this.#options.nowMs())
    this.#forget(nowMs, forgottenPerCall + forgottenPerLine * request.lines.length)
    const unseen = answerUnseen(request, nowMs)
    if (unseen !== undefined) return unseen
    const { lines, slotId } = request
    const keys = lines.map((line) => keyOf(line, nowMs))
    const counters = lines.map((line, index) => this.#countersOf(line.counter).get(keys[index] ?? ''))
    const held = lines.map((line, index) => heldOf(line, counters[index], { nowMs, slotId }))
    const decision = decideHits(request, nowMs, held)
    this.#makeRoom(counters, decision)
    for (const [index, line] of lines.entries()) {
      if (decision.states[index]?.taken !== true) continue
      const key = keys[index] ?? ''
      const counter = this.#countersOf(line.counter).get(key)
      const moving = { key, after: decision.after[index] ?? 0, nowMs, slotId }
      if (counter !== undefined) this.#move(line, counter, moving)
      else if (line.hits > 0) this.#begin(line, moving)
    }
    return { kind: 'counted', at: nowMs, states: decision.states }
  }

  async release({ counters, slotId }: Parameters<HitStore['release']>[0]): Promise<void> {
    for (const counter of counters) {
      const { shelf } = this.#countersOf(counter).get(slotKey(counter)) ?? {}
      if (shelf !== undefined) this.#resized(shelf, () => shelf.free(slotId))
    }
  }

  #countersOf({ partition }: HitCounter): Map<string, Held> {
    const counters = this.#counters[partition]
    if (counters === undefined) throw new RangeError(`Partition must be 0 to ${partitionCount - 1}, is ${partition}`)
    return counters
  }

  #begin(line: HitLine, moving: Moving): void {
    const shelf = line.kind === 'concurrency' ? new SlotShelf() : undefined
    const counter: Held = { used: 0, rate: undefined, shelf, forgetAtMs: 0 }
    this.#countersOf(line.counter).set(moving.key, counter)
    this.#size += 1
    this.#move(line, counter, moving)
    // The partition goes before the key, to be found again.
    this.#due.add(counter.forgetAtMs, `${line.counter.partition} ${moving.key}`)
  }

  #move(line: HitLine, counter: Held, { key, after, nowMs, slotId }: Moving): void {
    const { shelf } = counter
    if (shelf !== undefined && line.kind === 'concurrency' && slotId !== undefined) {
      this.#resized(shelf, () => {
        shelf.forget(nowMs - keptMs)
        if (typeof after === 'number' || after.ownEndsAtMs === 0) shelf.free(slotId)
        else if (line.hits > 0) shelf.hold(slotId, nowMs + line.slotMs)
      })
      counter.forgetAtMs = Math.max(counter.forgetAtMs, shelf.lastEndsAtMs + keptMs)
    } else if (line.kind === 'rate' && typeof after === 'number') {
      counter.rate = chargedRate(counter.rate, line, { key, debt: after, hits: 0, nowMs })
      counter.forgetAtMs = counter.rate.emptyAtMs + keptMs
    } else if (line.kind === 'window' && typeof after === 'number') {
      counter.used = after
      counter.forgetAtMs = (nowMs < line.endMs ? line.endMs : line.nextEndMs) + keptMs
    }
  }

  #resized(shelf: SlotShelf, change: () => void): void {
    const before = shelf.size
    change()
    this.#size += shelf.size - before
  }

  /** @throws Fault when what is taken has no room. */
  #makeRoom(counters: readonly (Held | undefined)[], { states, before, after }: HitDecision): void {
    let wanted = 0
    for (const [index, state] of states.entries()) {
      if (!state.taken) continue
      if (counters[index] === undefined) wanted += 1
      if (isNewSlot(before[index], after[index])) wanted += 1
    }
    if (wanted === 0 || this.#size + wanted <= this.#options.countersMax) return
    this.#options.observer?.count('store_full_total', { of: 'descriptors' })
    throw new Fault('store_unavailable', 'The in-process store is full of descriptors', { transient: true })
  }

  /** A little of what is due, each time. */
  #forget(nowMs: number, countMax: number): void {
    for (let looked = 0; looked < countMax; looked += 1) {
      const due = this.#due.takeDue(nowMs)
      if (due === undefined) return
      const space = due.indexOf(' ')
      const counters = this.#counters[Number(due.slice(0, space))]
      const key = due.slice(space + 1)
      const counter = counters?.get(key)
      if (counter === undefined) continue
      if (counter.forgetAtMs > nowMs) {
        this.#due.add(counter.forgetAtMs, due)
        continue
      }
      counters?.delete(key)
      this.#size -= 1 + (counter.shelf?.size ?? 0)
    }
  }
}

interface Moving {
  readonly key: string
  readonly after: HeldHits
  readonly nowMs: number
  readonly slotId: string | undefined
}

function keyOf(line: HitLine, nowMs: number): string {
  if (line.kind === 'window') return `${line.counter.id} ${windowStartOf(line, nowMs)}`
  return line.kind === 'rate' ? `${line.counter.id} r` : slotKey(line.counter)
}

function slotKey({ id }: HitCounter): string {
  return `${id} c`
}

function heldOf(
  line: HitLine,
  counter: Held | undefined,
  { nowMs, slotId }: { readonly nowMs: number; readonly slotId: string | undefined },
): HeldHits {
  if (line.kind === 'window') return counter?.used ?? 0
  if (line.kind === 'rate') return debtAt(counter?.rate, line, nowMs)
  return (counter?.shelf ?? noSlots).sight(line, nowMs, slotId)
}

const noSlots = new SlotShelf()

function isNewSlot(before: HeldHits | undefined, after: HeldHits | undefined): boolean {
  return typeof before === 'object' && typeof after === 'object' && after.held > before.held
}
