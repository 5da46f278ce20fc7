import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import type { UsageSums } from '../usage/report-ports.ts'
import { inTransaction } from './transaction.ts'

const query = readFileSync(new URL('./queries/report-fold.sql', import.meta.url), 'utf8')
/** Nobody waits for us, and we wait for nobody long. */
const limits = 'SET LOCAL lock_timeout = 1000; SET LOCAL statement_timeout = 9000'

/** The sums that reports read; see `UsageSums`. Database errors are thrown as they come, nothing half done. */
export function createPostgresUsageSums(pool: Pool): UsageSums {
  return {
    fold: (rowsMax) =>
      inTransaction(pool, 'READ COMMITTED', async (client) => {
        await client.query(limits)
        return (await client.query<{ done: number }>(query, [rowsMax])).rows[0]?.done ?? 0
      }),
  }
}
