import { createOutage } from '../core/outage.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { ProcessRoll } from './ports.ts'

export interface PresenceOptions {
  readonly roll: ProcessRoll
  /** Text that no other process ever drew. */
  readonly id: string
  readonly observer: Observer
  /** A clock that never jumps, for the age of what is known. */
  readonly nowMs: () => number
  readonly everyMs: number
}

/** This process among those that serve on the same store. */
export interface Presence {
  /** The first beat; the following ones come by themselves. To be awaited before Envoy is served. Never rejects. */
  start(): Promise<void>
  /** Last known number of live processes, at least 1. */
  processes(): number
  /**
   * The last instant (store's clock) at which log entries may have been lost anywhere. Infinity while that is not known: no beat succeeded in
   * the last 300 ms, or a break of our own is not told yet.
   */
  brokeAtMs(): number
  /** Why the last beat did not reach the store; undefined when it did, and before the first. */
  fault(): unknown
  /** Beats now and resolves when what is known is as of now, if that was possible. Never rejects. */
  refresh(): Promise<void>
  /** One of this process's access-log streams ended so that entries may be lost: told at once, and again until it arrives. */
  streamBroke(): void
  /** Leaves the roll in order, after the streams were drained. Whoever ends without it counts as a break. Never rejects. */
  stop(): Promise<void>
}

const knownMsMax = 300

/** Beats every `everyMs`, one at a time; `roll` bounds how long one takes. */
export function createPresence(options: PresenceOptions): Presence {
  const beats = new Beats(options)
  let timer: NodeJS.Timeout | undefined
  return {
    async start() {
      await beats.fresh()
      beats.isNew = false
      timer = setInterval(() => beats.isBeating || void beats.fresh(), options.everyMs)
      timer.unref()
    },
    processes: () => Math.max(1, beats.known?.processes ?? 1),
    brokeAtMs: () => beats.brokeAtMs(),
    fault: () => beats.fault,
    refresh: () => beats.fresh(),
    streamBroke() {
      beats.breaks += 1
      void beats.fresh()
    },
    stop() {
      clearInterval(timer)
      return beats.end()
    },
  }
}

class Beats {
  readonly #options: PresenceOptions
  known: { readonly processes: number; readonly brokeAtMs: number; readonly atMs: number } | undefined
  fault: unknown
  /** Only the first beat is new, also when nobody heard it: one that serves before it is on the roll counts as come back, a break. */
  isNew = true
  /** Breaks so far, and how many of them the roll knows. */
  breaks = 0
  #told = 0
  readonly #outage = createOutage()
  #isOver = false
  #isWantedAgain = false
  #beating: Promise<void> | undefined

  constructor(options: PresenceOptions) {
    this.#options = options
  }

  get isBeating(): boolean {
    return this.#beating !== undefined
  }

  brokeAtMs(): number {
    const { known } = this
    if (known === undefined || this.#told < this.breaks) return Number.POSITIVE_INFINITY
    return this.#options.nowMs() - known.atMs > knownMsMax ? Number.POSITIVE_INFINITY : known.brokeAtMs
  }

  /** A beat that begins now or, when one is under way, right after it. */
  fresh(): Promise<void> {
    if (this.#isOver) return Promise.resolve()
    this.#isWantedAgain = this.isBeating
    this.#beating ??= this.#beatAll()
    return this.#beating
  }

  async end(): Promise<void> {
    const { roll, id, observer } = this.#options
    this.#isOver = true
    await this.#beating
    const streamBroke = this.#told < this.breaks
    await roll.leave({ id, streamBroke }).catch((error: unknown) => observer.warn('process_left_untold', { error }))
  }

  async #beatAll(): Promise<void> {
    do {
      this.#isWantedAgain = false
      await this.#beat()
    } while (this.#isWantedAgain && !this.#isOver)
    this.#beating = undefined
  }

  async #beat(): Promise<void> {
    const { roll, id, observer, nowMs } = this.#options
    const { breaks, isNew } = this
    const atMs = nowMs()
    try {
      this.known = { ...(await roll.beat({ id, streamBroke: this.#told < breaks, isNew })), atMs }
      this.#told = breaks
      this.fault = undefined
      observer.set('serving_processes', this.known.processes)
      const failures = this.#outage.ended()
      if (failures !== undefined) observer.info('process_beats_again', { failures })
    } catch (error) {
      this.fault = error
      observer.count('process_beats_failed_total')
      const failures = this.#outage.failed(nowMs())
      if (failures !== undefined) observer.warn('process_beat_failed', { failures, error })
    }
  }
}
