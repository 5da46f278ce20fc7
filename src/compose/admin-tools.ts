import type { Pool } from 'pg'
import type { AdminTools } from '../manage/admin-ports.ts'
import { createPostgresAudit } from '../postgres/audit.ts'
import { createPostgresPolicyRows } from '../postgres/policy-rows.ts'

/** What administrators' use cases need, for the API and the command line alike. */
export function createAdminTools(pool: Pool): AdminTools {
  return { rows: createPostgresPolicyRows(pool), audit: createPostgresAudit(pool) }
}
