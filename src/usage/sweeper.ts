import type { Observer } from '../telemetry/observer.ts'
import { createLoop, type Loop } from './loop.ts'

/** Ends at most `countMax` overdue reservations (see `SpendStore.expire`), nothing after `notAfterMs` (store's clock); answers how many. */
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
  /** Asked right before each sweep: what may be released is decided by what is known then. Never rejects. */
  readonly brokeAtMs: () => Promise<number>
  readonly everyMs: number
  readonly countMax: number
}

/** Between full sweeps: a store books for some 8 ms per 500 reservations and must serve others meanwhile. */
const restMs = 20
/** A sweep that the store starts later than this does nothing. */
export const sweepLateMsMax = 1_000

/** So many sweeps wait while it is not known any more when a log stream broke last; then what is overdue is booked. */
const unknownsMax = 3

/** Ends reservations that nobody reported, every `everyMs` and soon again while there are as many as fit one sweep. */
export function createSweeper({ expire, nowMs, observer, brokeAtMs, everyMs, countMax }: SweeperOptions): Loop {
  let unknowns = 0
  let wasKnown = false
  return createLoop({
    async step() {
      const notAfterMs = nowMs() + sweepLateMsMax
      const broke = await brokeAtMs()
      const isKnown = Number.isFinite(broke)
      wasKnown ||= isKnown
      unknowns = isKnown ? 0 : unknowns + 1
      // One roll call that failed must not book what only a moment later is known to be released.
      if (wasKnown && unknowns > 0 && unknowns <= unknownsMax) return everyMs
      const expired = await expire({ countMax, notAfterMs, brokeAtMs: broke })
      if (expired > 0) observer.count('reservations_expired_total', {}, expired)
      return expired >= countMax ? Math.min(restMs, everyMs) : everyMs
    },
    onFault: () => observer.count('sweeper_failures_total'),
    log: { observer, failed: 'sweep_failed', again: 'sweeps_again' },
    backoffMs: everyMs,
    backoffMsMax: 10_000,
  })
}
