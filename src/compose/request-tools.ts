import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { createLook } from '../check/look.ts'
import type { PolicySource, Seeder, SpendStore } from '../check/ports.ts'
import type { RequestTools } from '../manage/request-ports.ts'
import { createPostgresRequests } from '../postgres/requests.ts'
import { createWindows } from './check-room.ts'
import { createProjectBudget } from './project-budget.ts'

/** What requests and grants need inside a serving process. */
export function createRequestTools({
  pool,
  policy,
  store,
  seed,
}: {
  readonly pool: Pool
  readonly policy: PolicySource
  readonly store: SpendStore
  readonly seed: Seeder
}): RequestTools {
  const look = createLook({ store, seed })
  return {
    requests: createPostgresRequests(pool),
    budget: createProjectBudget({
      snapshot: async () => policy.current(),
      look: async () => look,
      windowsAt: createWindows(),
      storeNowMs: () => store.nowMs(),
    }),
    randomBytes,
    nowMs: Date.now,
  }
}
