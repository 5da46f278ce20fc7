import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { databaseFault } from './database-fault.ts'
import { inTransaction } from './transaction.ts'

const text = readFileSync(new URL('./seeds/demo.sql', import.meta.url), 'utf8')

/**
 * Writes the demo's organisation, limits and prices (`seeds/demo.sql`) in one transaction. May be run again; changes nothing that is there.
 * Throws a `Fault` of code `policy_unavailable`.
 */
export async function seedDemo(pool: Pool): Promise<void> {
  try {
    await inTransaction(pool, 'READ COMMITTED', (client) => client.query(text))
  } catch (cause) {
    throw databaseFault(cause, pool.options)
  }
}
