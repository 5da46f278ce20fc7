import type { Pool } from 'pg'
import { createPackGroups } from '../policy/pack-groups.ts'
import type { PolicySnapshot } from '../policy/snapshot.ts'
import { createPostgresPackBooks } from '../postgres/pack-books.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Drainer } from '../usage/drainer.ts'
import { createPackSettling, packSettlingDefaults } from '../usage/pack-settling.ts'
import { createPackChanges } from '../usage/packs-in-force.ts'
import { createWindows } from './check-room.ts'

/** Starts the settling of packs where the ledger runs. */
export function startPackSettling(
  started: AsyncDisposableStack,
  given: {
    readonly pool: Pool
    readonly observer: Observer
    readonly drain: Drainer
    readonly nowMs: () => number
    readonly policy: () => PolicySnapshot | undefined
  },
): void {
  const { pool, policy, nowMs } = given
  const windows = createWindows()
  const settling = createPackSettling({
    ...packSettlingDefaults,
    ...given,
    books: createPostgresPackBooks(pool),
    changes: createPackChanges({
      ...createPackGroups(policy),
      windowAt: (ms, window, timeZone) => windows(ms, window, timeZone).current,
      nowMs,
    }),
  })
  settling.start()
  started.defer(() => settling.stop())
}
