import { setTimeout as delay } from 'node:timers/promises'
import type { Observer } from '../telemetry/observer.ts'
import type { ProcessEnd, ServingProcess } from './serving-process.ts'

const pauseMs = 100
const pauseMsMax = 5_000
/** One that served so long and then ended begins to count anew. */
const settledMs = 10_000

/** One place among the serving processes: whoever ends there is followed by another. */
export interface Place {
  readonly name: string
  readonly isReady: () => boolean
  current(): ServingProcess | undefined
  /** SIGTERM to the one that runs; resolves when the next one serves, or when the place is given up. Nothing once it is released. */
  renew(): Promise<void>
  /** Starts no other from now on. */
  release(): void
  /** How the last one ended. */
  readonly ended: Promise<ProcessEnd>
}

export interface PlaceOptions {
  readonly name: string
  readonly start: () => ServingProcess
  readonly observer: Observer
  readonly nowMs: () => number
  /** How many failures in a row it has now; true gives the place up. */
  readonly onFailed: (end: ProcessEnd, failures: number) => boolean
}

/**
 * Starts a process and the next one when it ends: at once after an orderly end, else after a pause that doubles from 100 ms to 5 s.
 */
export function keepServing({ name, start, observer, nowMs, onFailed }: PlaceOptions): Place {
  const released = new AbortController()
  let current: ServingProcess | undefined
  let next = Promise.withResolvers<void>()
  let isReady = false

  async function serveOnce(): Promise<{ readonly end: ProcessEnd; readonly servedMs: number }> {
    const process = start()
    current = process
    let readyAtMs = Number.POSITIVE_INFINITY
    void process.ready.then((ready) => {
      if (!ready) return
      isReady = true
      readyAtMs = nowMs()
      next.resolve()
      next = Promise.withResolvers()
      observer.info('process_ready', { process: name, pid: process.pid })
    })
    const end = await process.ended
    isReady = false
    return { end, servedMs: Math.max(0, nowMs() - readyAtMs) }
  }

  async function run(): Promise<ProcessEnd> {
    for (let failures = 0; ; ) {
      const { end, servedMs } = await serveOnce()
      if (released.signal.aborted) return end
      const isOrderly = end.code === 0
      failures = isOrderly || servedMs >= settledMs ? 0 : failures + 1
      if (!isOrderly && onFailed(end, failures)) return end
      observer.count('process_restarts_total')
      observer.warn('process_ended', { process: name, ...end, failures })
      const restMs = failures === 0 ? 0 : Math.min(pauseMsMax, pauseMs * 2 ** (failures - 1))
      await delay(restMs, undefined, { signal: released.signal }).catch(() => undefined)
      if (released.signal.aborted) return end
    }
  }

  const ended = run().finally(() => next.resolve())
  return {
    ...{ name, ended, isReady: () => isReady, current: () => current },
    async renew() {
      if (released.signal.aborted) return
      const served = next.promise
      current?.signal('SIGTERM')
      await served
    },
    release: () => released.abort(),
  }
}
