import { readFileSync } from 'node:fs'
import pg, { type Pool } from 'pg'
import { Fault } from '../core/fault.ts'
import type { RefusalCount, RefusalLog } from '../usage/refusal-ports.ts'
import { createPostgresEventStore } from './alert-events.ts'
import { databaseFault } from './database-fault.ts'
import { inTransaction } from './transaction.ts'

const query = readFileSync(new URL('./queries/refusal-add.sql', import.meta.url), 'utf8')

/** Refusals in PostgreSQL; see `RefusalLog`. */
export function createPostgresRefusalLog(pool: Pool): RefusalLog {
  const events = createPostgresEventStore(pool)
  return {
    add: (counts) => add(pool, JSON.stringify(counts.map(rowOf))),
    tell: async (found) => {
      await events.add(found)
    },
  }
}

/** What fails before the COMMIT, or is refused by the server, was not written; of all else nobody knows. */
async function add(pool: Pool, rows: string): Promise<void> {
  let isCommitting = false
  try {
    await inTransaction(pool, 'READ COMMITTED', async (client) => {
      await client.query(query, [rows])
      isCommitting = true
    })
  } catch (cause) {
    const { message } = databaseFault(cause, pool.options)
    const uncertain = isCommitting && !(cause instanceof pg.DatabaseError)
    throw new Fault('policy_unavailable', message, { cause, transient: true, uncertain })
  }
}

function rowOf({ hourMs, limitName, firstAtMs, lastAtMs, ...row }: RefusalCount) {
  return {
    ...row,
    hour: new Date(hourMs).toISOString(),
    limit_name: limitName,
    first_at: new Date(firstAtMs).toISOString(),
    last_at: new Date(lastAtMs).toISOString(),
  }
}
