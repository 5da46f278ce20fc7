import { setTimeout as delay } from 'node:timers/promises'
import type { Report, ReportAnswer } from '../core/charge.ts'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Aside } from './aside.ts'
import type { Journal } from './journal.ts'
import { passOver, type Segment } from './segment.ts'
import { decodeSpooled, encodeSpooled, type Spooled } from './spooled.ts'

export interface ReplayOptions {
  readonly journal: Journal
  /** Takes what is given up without being settled. */
  readonly aside?: Aside | undefined
  readonly report: (report: Report) => Promise<ReportAnswer>
  readonly storeNowMs: () => number
  readonly nowMs: () => number
  readonly observer: Observer
}

/** A report that could not be settled when its turn came: read, kept in memory, and still in its segment. */
interface Held extends Spooled {
  readonly segment: number
  /** How often the store, not away, failed on it. */
  readonly refusals?: number
  /** Not to be tried before, this machine's clock. */
  readonly retryAtMs?: number
}

const batchMax = 256
/** Enough to see whether the store is back, and that one bad report is not all there is. */
const probeMax = 8
const heldMax = 1_000
const pauseMs = 250
const heldPauseMs = 50
/** A drained file that grew to this, or that nothing was added to for a second, is removed. */
const drainedBytes = 65_536
const idleMs = 1_000
const ageMsMax = 48 * 3_600_000
/** A minute: long enough for a fault that passes. */
const refusalsMax = 60
const refusedPauseMs = 1_000

/**
 * Replays a spool's journal through `report`, in order per id, until the store has answered each: again and again while it is away, again
 * later when it says `early`. Dropped, and counted, only when older than 48 hours; set aside when it cannot be read, or the store fails on
 * it, without being away, for a minute. A killed process's successor replays a little twice,
 * which changes nothing: reports are cumulative.
 */
export class Replay {
  readonly #options: ReplayOptions
  #cursor = { segment: 0, offset: 0 }
  /** By id, in order. */
  readonly #held = new Map<string, Held[]>()
  #heldCount = 0
  /** Each reason is logged once; the metric counts. */
  readonly #told = new Set<string>()
  #size = 0
  #isAway = false
  #addedAtMs = 0
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: ReplayOptions) {
    this.#options = options
    options.journal.onFlush(() => this.#wake())
  }

  /** How many wait. */
  get size(): number {
    return this.#size
  }

  added(): void {
    this.#size += 1
    this.#addedAtMs = this.#options.nowMs()
    this.#options.observer.set('reports_waiting', this.#size)
  }

  /** A segment of an ended process was added to the journal. */
  adopted(records: number): void {
    this.#size += records
    this.#options.observer.set('reports_waiting', this.#size)
    this.#wake()
  }

  /** Tries what waits once more, then stops. */
  async stop(waitMsMax: number): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    const last = (this.#running ?? Promise.resolve())
      .then(() => this.#all())
      .catch((error: unknown) => this.#options.observer.warn('spool_not_replayed', { error }))
    await Promise.race([last, delay(waitMsMax, undefined, { ref: false })])
    clearTimeout(this.#timer)
  }

  #wake(): void {
    if (this.#running !== undefined || this.#timer !== undefined || this.#isStopped) return
    this.#running = this.#all()
      .catch((error: unknown) => this.#options.observer.warn('spool_not_replayed', { error }))
      .then(() => {
        this.#running = undefined
        this.#rest()
      })
  }

  /** While something waits it is tried again without being asked. */
  #rest(): void {
    if (this.#isStopped || (this.#size === 0 && this.#options.journal.segments.length === 0)) return
    const ms = this.#heldCount > 0 && !this.#isAway ? heldPauseMs : pauseMs
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#wake()
    }, ms).unref()
  }

  async #all(): Promise<void> {
    await this.#retryHeld()
    let isMore = true
    while (isMore) {
      const { segment } = this.#cursor
      isMore = await this.#batch()
      if (this.#cursor.segment !== segment) await this.#dropRead()
    }
    await this.#dropRead()
  }

  async #retryHeld(): Promise<void> {
    const held = [...this.#held.values()].flat()
    if (held.length === 0) return
    this.#held.clear()
    this.#heldCount = 0
    const settled = await this.#settle(held)
    for (const one of settled.undone) this.#hold(one)
  }

  /** True when there may be more to do at once. */
  async #batch(): Promise<boolean> {
    const segment = this.#segmentAtCursor()
    if (segment === undefined || this.#heldCount >= heldMax) return false
    const { journal, observer } = this.#options
    const countMax = Math.min(this.#isAway ? probeMax : batchMax, heldMax - this.#heldCount)
    const offset = segment.number === this.#cursor.segment ? this.#cursor.offset : 0
    const frames = await journal.read(segment, { offset, countMax })
    if (frames.payloads.length === 0) {
      this.#done(1 + (await passOver(segment, offset, { observer, journal: 'spool', aside: this.#options.aside })))
      this.#cursor = { segment: segment.number, offset: segment.bytes }
      return true
    }
    const batch = (await Promise.all(frames.payloads.map((payload) => this.#read(payload, segment)))).flat()
    const settled = await this.#settle(batch)
    this.#isAway = settled.isAway
    if (settled.isAway) return false
    for (const one of settled.undone) this.#hold(one)
    this.#cursor = { segment: segment.number, offset: offset + frames.goodBytes }
    return true
  }

  #segmentAtCursor(): Segment | undefined {
    const { segment, offset } = this.#cursor
    return this.#options.journal.segments.find(
      ({ number, bytes }) => number > segment || (number === segment && bytes > offset),
    )
  }

  async #read(payload: Buffer, { number, path }: Segment): Promise<readonly Held[]> {
    try {
      return [{ ...decodeSpooled(payload), segment: number }]
    } catch (error) {
      await this.#setAside(payload, 'unreadable', { file: path, error })
      this.#done(1)
      return []
    }
  }

  async #setAside(payload: Buffer, reason: 'unreadable' | 'refused', details: object): Promise<void> {
    const { observer, aside } = this.#options
    observer.count('reports_dropped_total', { reason })
    const kept = await aside?.keep('spool', Buffer.concat([payload, Buffer.from('\n')]))
    if (this.#told.has(reason)) return
    this.#told.add(reason)
    observer.warn('report_set_aside', { reason, kept_in: kept ?? 'nowhere', ...details })
  }

  #hold(one: Held): void {
    const chain = this.#held.get(one.report.id)
    if (chain === undefined) this.#held.set(one.report.id, [one])
    else chain.push(one)
    this.#heldCount += 1
  }

  /** Reports of one id one after the other, ids side by side. `isAway`: none could be reported, so all of them are still to be done. */
  async #settle(batch: readonly Held[]): Promise<{ readonly undone: readonly Held[]; readonly isAway: boolean }> {
    const chains = Map.groupBy(batch, ({ report }) => report.id)
    const left = await Promise.all([...chains.values()].map((chain) => this.#settleChain(chain)))
    const undone = left.flatMap(({ undone }) => undone)
    const isAway = batch.length > 0 && left.every(({ why }) => why === 'failed') && undone.length === batch.length
    this.#done(batch.length - undone.length)
    return { undone, isAway }
  }

  async #settleChain(chain: readonly Held[]): Promise<{ readonly undone: readonly Held[]; readonly why: string }> {
    const earlier = this.#held.get(chain[0]?.report.id ?? '')
    if (earlier !== undefined) return { undone: chain, why: 'waits' }
    for (const [index, one] of chain.entries()) {
      const outcome = await this.#try(one)
      if (outcome === 'refused') return { undone: [this.#refused(one), ...chain.slice(index + 1)], why: outcome }
      if (outcome !== 'done') return { undone: chain.slice(index), why: outcome }
    }
    return { undone: [], why: 'done' }
  }

  #refused(one: Held): Held {
    const { refusals = 0 } = one
    return { ...one, refusals: refusals + 1, retryAtMs: this.#options.nowMs() + refusedPauseMs }
  }

  async #try(one: Held): Promise<'done' | 'early' | 'failed' | 'refused'> {
    const { report, sinceMs, notBeforeMs = 0, retryAtMs = 0, refusals = 0 } = one
    const { observer, nowMs, storeNowMs } = this.#options
    if (nowMs() - sinceMs > ageMsMax) {
      observer.count('reports_dropped_total', { reason: 'old' })
      return 'done'
    }
    if (storeNowMs() <= notBeforeMs || nowMs() < retryAtMs) return 'early'
    try {
      const answer = await this.#options.report(report)
      observer.count('reports_total', { state: report.state, answer })
      return answer === 'early' ? 'early' : 'done'
    } catch (error) {
      if (error instanceof Fault && error.code === 'store_unavailable') return 'failed'
      if (refusals + 1 < refusalsMax) return 'refused'
      await this.#setAside(encodeSpooled({ report, sinceMs }), 'refused', { id: report.id, error })
      return 'done'
    }
  }

  #done(count: number): void {
    this.#size = Math.max(0, this.#size - count)
    this.#options.observer.set('reports_waiting', this.#size)
  }

  /** Removes what was read and settled: segments before the first that still holds something. */
  async #dropRead(): Promise<void> {
    const { journal, nowMs } = this.#options
    const held = [...this.#held.values()].flat().map(({ segment }) => segment)
    const last = journal.segments.at(-1)
    const isDrained = held.length === 0 && last !== undefined && this.#segmentAtCursor() === undefined
    const isWorthIt = isDrained && (last.bytes >= drainedBytes || this.#isStopped || nowMs() - this.#addedAtMs > idleMs)
    if (isWorthIt) await journal.seal()
    const keepFrom = Math.min(...held, this.#cursor.segment)
    for (const { number, bytes } of journal.segments) {
      const isRead = number < keepFrom || (number === keepFrom && held.length === 0 && this.#cursor.offset >= bytes)
      if (isRead) await journal.drop(number)
    }
  }
}
