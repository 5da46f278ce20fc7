import pg from 'pg'
import { Fault } from '../core/fault.ts'

/** Any number that no other program on the database uses: "tollgate" in ASCII. */
const lockKey = '8389209336389104741'

/**
 * Takes the advisory lock of the in-process store on a connection of its own: counters kept in one process are wrong in two. Throws a
 * `Fault` of code `already_running` when another process has it. Losing the connection loses the lock, which is told to `onLost`.
 */
export async function takeOneProcessLock(
  databaseUrl: string,
  onLost: () => void,
): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: databaseUrl, keepAlive: true })
  let isReleased = false
  client.on('error', () => {
    if (!isReleased) onLost()
  })
  await client.connect()
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [lockKey])
  if (rows[0]?.taken !== true) {
    await client.end()
    throw new Fault(
      'already_running',
      'Another Tollgate counts in process on this database: stop it, or set REDIS_URL so that both count in one store',
    )
  }
  return {
    async release() {
      isReleased = true
      await client.end()
    },
  }
}
