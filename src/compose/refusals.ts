import type { Pool } from 'pg'
import type { OnRefused } from '../check/tell-refused.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { createPostgresRefusalLog } from '../postgres/refusal-log.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createRefusals, refusalDefaults } from '../usage/refusals.ts'
import type { Between } from './between.ts'

/** Starts the log of refusals, in every serving process; what waits is written once more when the stack is undone. */
export function startRefusals(
  started: AsyncDisposableStack,
  given: {
    readonly pool: Pool
    readonly policy: () => Snapshot | undefined
    /** The store's clock, by which grants begin and end. */
    readonly nowMs: () => number
    readonly observer: Observer
    readonly between?: Between
  },
): { readonly onRefused: OnRefused } {
  const { pool, policy, nowMs, observer, between = {} } = given
  const log = createPostgresRefusalLog(pool)
  const refusals = createRefusals({
    ...refusalDefaults,
    ...{ log: between.refusalLog?.(log) ?? log, policy, nowMs, observer },
  })
  refusals.start()
  started.defer(() => refusals.stop())
  return { onRefused: refusals.onRefused }
}
