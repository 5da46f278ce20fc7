import { Fault } from '../core/fault.ts'
import type { RefusedRequest } from '../core/refused-request.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createFirstRefusals, refusalEvent } from './first-refusals.ts'
import { createLoop, type Loop } from './loop.ts'
import type { RefusalLog } from './refusal-ports.ts'
import { createRefusalTally, type TallyBounds } from './refusal-tally.ts'

export interface RefusalsOptions {
  readonly log: RefusalLog
  readonly policy: () => Snapshot | undefined
  /** The clock by which grants begin and end. */
  readonly nowMs: () => number
  readonly observer: Observer
  readonly bounds: TallyBounds
  /** Between two writings. */
  readonly everyMs: number
}

export const refusalDefaults: Pick<RefusalsOptions, 'bounds' | 'everyMs'> = {
  bounds: { resourcesMax: 10_000, resourcesPerAccountMax: 500, rowsMax: 20_000 },
  everyMs: 1_000,
}

const backoffMsMax = 30_000
/** Soon enough for people after a limit was raised and lowered again, seldom enough for a crowd that is refused all the time. */
const againMs = 10_000

export interface Refusals extends Pick<Loop, 'start'> {
  /** Remembers; never waits, never throws. */
  readonly onRefused: (refused: RefusedRequest) => void
  /** Writes what waits once more, then stops. */
  stop(): Promise<void>
}

/**
 * Remembers what this process refused to whom, and writes it each second: at most once each, so what a killed process had not written is
 * missing. While the database is away as much is kept as fits, and the rest is counted.
 */
export function createRefusals({ log, policy, nowMs, observer, bounds, everyMs }: RefusalsOptions): Refusals {
  const tally = createRefusalTally(bounds)
  const firsts = createFirstRefusals({ windowsMax: bounds.resourcesMax, againMs })
  const lose = (count: number, why: 'full' | 'uncertain'): void => {
    if (count > 0) observer.count('refusals_unlogged_total', { why }, count)
  }

  /** First, because people wait for it. */
  async function tell(): Promise<void> {
    const refusals = firsts.take()
    const snapshot = policy()
    if (snapshot === undefined || refusals.length === 0) return firsts.putBack(refusals)
    try {
      await log.tell(refusals.flatMap((refused) => refusalEvent(refused, { snapshot, nowMs: nowMs() }) ?? []))
    } catch (error) {
      firsts.putBack(refusals)
      throw error
    }
  }

  async function write(): Promise<void> {
    const rows = tally.take()
    if (rows.length === 0) return
    try {
      await log.add(rows)
    } catch (error) {
      if (error instanceof Fault && !error.uncertain) lose(tally.putBack(rows), 'full')
      else
        lose(
          rows.reduce((sum, { count }) => sum + count, 0),
          'uncertain',
        )
      throw error
    }
  }

  async function step(): Promise<number> {
    const done = await Promise.allSettled([tell(), write()])
    const failed = done.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return everyMs
  }

  const loop = createLoop({
    step,
    onFault: () => observer.count('refusal_log_failures_total'),
    log: { observer, failed: 'refusals_not_written', again: 'refusals_written_again' },
    backoffMs: everyMs,
    backoffMsMax,
  })
  return {
    start: loop.start,
    onRefused(refused) {
      if (!tally.add(refused)) lose(1, 'full')
      firsts.add(refused)
    },
    async stop() {
      await loop.stop()
      await step().catch((error: unknown) => observer.warn('last_refusals_not_written', { error }))
    },
  }
}
