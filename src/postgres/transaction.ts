import type { Pool, PoolClient } from 'pg'

/**
 * Runs `work` in one transaction on a connection of the pool and commits. When anything fails it rolls back and throws what failed; a
 * connection on which even that fails is closed, not reused.
 */
export async function inTransaction<T>(
  pool: Pool,
  isolation: 'READ COMMITTED' | 'REPEATABLE READ',
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  // A connection that dies between two queries says so by an event, and an error event that nobody hears ends the process.
  const listen = (error: Error) => {
    broken = error
  }
  client.on('error', listen)
  try {
    await client.query(`BEGIN ISOLATION LEVEL ${isolation}`)
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: Error) => {
      broken = failure
    })
    throw error
  } finally {
    client.removeListener('error', listen)
    client.release(broken)
  }
}
