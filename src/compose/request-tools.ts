import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { createLook } from '../check/look.ts'
import type { PolicySource, Seeder, SpendStore } from '../check/ports.ts'
import { createProjectBudget } from '../check/project-budget.ts'
import type { RequestTools } from '../manage/request-ports.ts'
import { createPostgresRequests } from '../postgres/requests.ts'
import { createWindows } from './check-room.ts'
import type { CommandTools } from './command-tools.ts'

/** What requests and grants need in an operator's command: each part is opened when it is first needed. */
export async function createOperatorsRequestTools(tools: CommandTools): Promise<RequestTools> {
  const { snapshot, look } = tools
  return {
    requests: createPostgresRequests(await tools.pool()),
    budget: createProjectBudget({ snapshot, look, windowsAt: createWindows(), storeNowMs: Date.now }),
    randomBytes,
    nowMs: Date.now,
  }
}

interface BudgetParts {
  readonly policy: PolicySource
  readonly store: SpendStore
  readonly seed: Seeder
}

/** The same inside a serving process. */
export function createRequestTools({ pool, ...parts }: BudgetParts & { readonly pool: Pool }): RequestTools {
  return { requests: createPostgresRequests(pool), budget: createServedBudget(parts), randomBytes, nowMs: Date.now }
}

/** What is left, as a serving process looks at it. */
export function createServedBudget({ policy, store, seed }: BudgetParts): RequestTools['budget'] {
  const look = createLook({ store, seed })
  return createProjectBudget({
    snapshot: async () => policy.current(),
    look: async () => look,
    windowsAt: createWindows(),
    storeNowMs: () => store.nowMs(),
  })
}
