import type { Report, ReportAnswer } from '../core/charge.ts'
import type { Observer } from '../telemetry/observer.ts'

/** Reports that a store could not take yet. */
export interface RetryQueue {
  /** Takes the report over: it is tried until the store answers, or dropped and counted when the queue is full or it is too old. */
  add(report: Report): void
  /** How many wait. */
  size(): number
  /** Tries what waits once more, then stops. */
  stop(): Promise<void>
}

const waitingMax = 20_000
const pauseMs = 250
const ageMsMax = 10 * 60_000
const batch = 64

/**
 * Keeps reports in memory while the store is away, and refunds that came before their spend. Bounded in number and age;
 * what it drops is booked by expiry at its estimate, so the loss is an over-count that the ledger flags `unsettled`.
 */
export function createRetryQueue(deps: {
  readonly report: (report: Report) => Promise<ReportAnswer>
  readonly observer: Observer
  readonly nowMs: () => number
}): RetryQueue {
  const waiting: { readonly report: Report; readonly sinceMs: number }[] = []
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  const drop = (reason: 'full' | 'old'): void => deps.observer.count('reports_dropped_total', { reason })
  const attempt = async (): Promise<void> => {
    for (let left = waiting.length; left > 0; left -= batch) {
      const tries = waiting.splice(0, Math.min(batch, left))
      const outcomes = await Promise.allSettled(tries.map(({ report }) => deps.report(report)))
      const undone = tries.filter((_, index) => needsAnother(outcomes[index]))
      for (const item of undone) {
        if (deps.nowMs() - item.sinceMs > ageMsMax) drop('old')
        else waiting.push(item)
      }
      if (undone.length === tries.length) break
    }
    deps.observer.set('reports_waiting', waiting.length)
  }
  const run = (): Promise<void> => {
    running ??= attempt().finally(() => {
      running = undefined
    })
    return running
  }
  const arm = (): void => {
    if (timer || waiting.length === 0) return
    timer = setTimeout(() => {
      timer = undefined
      void run().then(arm)
    }, pauseMs).unref()
  }
  return {
    add(report) {
      if (waiting.length >= waitingMax) return drop('full')
      waiting.push({ report, sinceMs: deps.nowMs() })
      arm()
    },
    size: () => waiting.length,
    async stop() {
      clearTimeout(timer)
      await run()
      clearTimeout(timer)
    },
  }
}

function needsAnother(outcome: PromiseSettledResult<ReportAnswer> | undefined): boolean {
  return outcome?.status !== 'fulfilled' || outcome.value === 'early'
}
