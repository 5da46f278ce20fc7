import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import type { PackTools } from '../manage/pack-ports.ts'
import { createPostgresPacks } from '../postgres/packs.ts'
import { createPostgresRequests } from '../postgres/requests.ts'

/** What packs need, for the API and the command line alike. */
export function createPackTools(pool: Pool): PackTools {
  const requests = createPostgresRequests(pool)
  return { requests, packs: createPostgresPacks(pool, requests), randomBytes, nowMs: Date.now }
}
