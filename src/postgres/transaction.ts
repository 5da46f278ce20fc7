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
  const loan = await borrow(pool)
  try {
    await loan.client.query(`BEGIN ISOLATION LEVEL ${isolation}`)
    const result = await work(loan.client)
    await loan.client.query('COMMIT')
    return result
  } catch (error) {
    await loan.client.query('ROLLBACK').catch(loan.spoil)
    throw error
  } finally {
    loan.giveBack()
  }
}

interface Loan {
  readonly client: PoolClient
  /** The connection is of no use to the next one. */
  readonly spoil: (error: Error) => void
  readonly giveBack: () => void
}

/**
 * A connection that dies between two queries says so by an event, and an error event that nobody hears ends the process. The pool stops
 * listening when it calls back, and a promise would be one turn too late: a connection may be cut by the very packet after its greeting.
 */
function borrow(pool: Pool): Promise<Loan> {
  return new Promise((resolve, reject) => {
    pool.connect((failure, client, release) => {
      if (client === undefined) return reject(failure ?? new Error('The pool gave no connection'))
      let broken: Error | undefined
      const spoil = (error: Error) => {
        broken = error
      }
      client.on('error', spoil)
      const giveBack = () => {
        release(broken)
        client.removeListener('error', spoil)
      }
      resolve({ client, spoil, giveBack })
    })
  })
}
