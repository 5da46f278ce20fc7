import { readFileSync } from 'node:fs'
import type { Pool } from 'pg'
import { databaseFault } from './database-fault.ts'
import { inTransaction } from './transaction.ts'

const [plans, demo] = ['plans', 'demo'].map((name) =>
  readFileSync(new URL(`./seeds/${name}.sql`, import.meta.url), 'utf8'),
)

/**
 * Writes plans as they are sold, with their limits and packs (`seeds/plans.sql`), in one transaction. May be run again; changes nothing that
 * is there. Throws a `Fault` of code `policy_unavailable`.
 */
export function seedPlans(pool: Pool): Promise<void> {
  return seed(pool, [plans])
}

/** The same with the demo's organisation, limits and prices (`seeds/demo.sql`), whose people are of these plans. */
export function seedDemo(pool: Pool): Promise<void> {
  return seed(pool, [plans, demo])
}

async function seed(pool: Pool, texts: readonly (string | undefined)[]): Promise<void> {
  try {
    await inTransaction(pool, 'READ COMMITTED', (client) => client.query(texts.join('\n')))
  } catch (cause) {
    throw databaseFault(cause, pool.options)
  }
}
