import type { Pool } from 'pg'
import type { PolicyKeeper } from '../policy/keeper.ts'
import { concernedBy, grantEdges } from '../policy/limit-changes.ts'
import { createPostgresLevelBooks } from '../postgres/level-books.ts'
import type { Observer } from '../telemetry/observer.ts'
import { createLevelPass } from '../usage/level-pass.ts'

/** Starts the background role that ends and writes levels when limits are raised or lowered, by rows or by grants. */
export function startLevels(
  started: AsyncDisposableStack,
  given: {
    readonly pool: Pool
    readonly policy: Pick<PolicyKeeper, 'current' | 'onChange'>
    readonly observer: Observer
    /** The store's clock, by which grants begin and end. */
    readonly nowMs: () => number
  },
): void {
  const { pool, policy, observer, nowMs } = given
  const pass = createLevelPass({
    ...{ books: createPostgresLevelBooks(pool), policy: policy.current, observer, nowMs },
    edges(time) {
      const snapshot = policy.current()
      return snapshot === undefined ? { concerned: [], nextMs: undefined } : grantEdges(snapshot, time)
    },
  })
  let seen = policy.current()
  const unsubscribe = policy.onChange((snapshot) => {
    pass.recheck(concernedBy(seen, snapshot))
    seen = snapshot
  })
  started.defer(() => pass.stop())
  started.defer(unsubscribe)
  pass.start()
}
