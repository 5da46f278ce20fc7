import type { Checkpoint } from '../core/charge.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { ChargeStream } from './ports.ts'

export interface Unread {
  /** Where the books stand, for as long as they cannot be asked. */
  know(checkpoints: readonly Checkpoint[]): void
  /** Everything was read. */
  none(): void
  /**
   * Counts what waits after the checkpoints that `ask` answers, or the last known ones, and what is held at all; every 5 s at most. Says so in
   * the log, once a minute at most, while 5,000 or more wait. Throws what the stream throws.
   */
  count(behindMs: number, ask?: () => Promise<readonly Checkpoint[]>): Promise<void>
}

const countEveryMs = 5_000
const warnEveryMs = 60_000
/** As far as `StreamSizes.unread` counts. */
const manyUnread = 5_000

/** Tells how many charges wait to be booked. Nothing left to read is known for nothing; counting is not, so it is done now and then. */
export function createUnread(given: {
  readonly stream: Pick<ChargeStream, 'sizes'>
  readonly observer: Observer
  readonly nowMs: () => number
}): Unread {
  const { stream, observer, nowMs } = given
  let known: readonly Checkpoint[] | undefined
  let countedAtMs = Number.NEGATIVE_INFINITY
  let warnedAtMs = Number.NEGATIVE_INFINITY

  function warnOfMany(unread: number, held: number, behindMs: number): void {
    if (unread < manyUnread || nowMs() - warnedAtMs < warnEveryMs) return
    warnedAtMs = nowMs()
    observer.warn('ledger_many_unread', { unreadAtLeast: unread, held, behindSeconds: Math.round(behindMs / 1_000) })
  }

  return {
    know(checkpoints) {
      known = checkpoints
    },
    none: () => observer.set('ledger_pending_entries', 0),
    async count(behindMs, ask) {
      if (stream.sizes === undefined || nowMs() - countedAtMs < countEveryMs) return
      countedAtMs = nowMs()
      if (ask !== undefined) known = await ask()
      const { unread, held } = await stream.sizes(known ?? [])
      observer.set('ledger_kept_entries', held)
      // Before the books were ever asked nobody knows which of the held ones are in them.
      if (known === undefined) return
      observer.set('ledger_pending_entries', unread)
      warnOfMany(unread, held, behindMs)
    },
  }
}
