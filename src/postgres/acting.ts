import type { Pool, PoolClient } from 'pg'
import { inTransaction } from './transaction.ts'

/** One transaction in whose changes the audit names `by`; absent: the user of the database session. */
export function inTransactionBy<T>(
  pool: Pool,
  by: string | undefined,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return inTransaction(pool, 'READ COMMITTED', async (client) => {
    // As SET LOCAL, with the name bound.
    if (by !== undefined) await client.query("SELECT set_config('tollgate.actor', $1, true)", [by])
    return work(client)
  })
}
