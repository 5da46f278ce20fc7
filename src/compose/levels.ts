import type { Pool } from 'pg'
import type { PolicyKeeper } from '../policy/keeper.ts'
import { createLimitChanges } from '../policy/limit-changes.ts'
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
  const changes = createLimitChanges()
  const pass = createLevelPass({
    ...{ books: createPostgresLevelBooks(pool), policy: policy.current, observer, nowMs },
    edges(time) {
      const snapshot = policy.current()
      return snapshot === undefined ? { concerned: [], nextMs: undefined } : changes.grantEdges(snapshot, time)
    },
  })
  let seen = policy.current()
  // Looks at everybody now, before the first Check, and not at the first change.
  if (seen !== undefined) changes.concernedBy(undefined, seen)
  const unsubscribe = policy.onChange((snapshot) => {
    pass.recheck(changes.concernedBy(seen, snapshot))
    seen = snapshot
  })
  started.defer(() => pass.stop())
  started.defer(unsubscribe)
  pass.start()
}
