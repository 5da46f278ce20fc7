import type { Observer } from '../telemetry/observer.ts'
import { createLoop, type Loop } from './loop.ts'

/** Books at most `countMax` overdue reservations at their estimate, nothing after `notAfterMs` (store's clock); answers how many. */
export type Expire = (sweep: {
  readonly countMax: number
  readonly notAfterMs: number
  readonly brokeAtMs: number
}) => Promise<number>

export interface SweeperOptions {
  readonly expire: Expire
  /** The store's clock. */
  readonly nowMs: () => number
  readonly observer: Observer
  readonly everyMs: number
  readonly countMax: number
}

/** Between full sweeps: a store books for some 8 ms per 500 reservations and must serve others meanwhile. */
const restMs = 20

/** Books reservations that nobody reported, every `everyMs` and soon again while there are as many as fit one sweep. */
export function createSweeper({ expire, nowMs, observer, everyMs, countMax }: SweeperOptions): Loop {
  return createLoop({
    async step() {
      const expired = await expire({ countMax, notAfterMs: nowMs() + 1_000, brokeAtMs: Number.POSITIVE_INFINITY })
      if (expired > 0) observer.count('reservations_expired_total', {}, expired)
      return expired >= countMax ? Math.min(restMs, everyMs) : everyMs
    },
    onFault(error, failures) {
      observer.count('sweeper_failures_total')
      observer.warn('sweep_failed', { failures, error })
    },
    backoffMs: everyMs,
    backoffMsMax: 10_000,
  })
}
