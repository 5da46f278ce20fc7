import type { Pool } from 'pg'
import type { Rows, Session, SimDatabase } from './database.ts'
import type { Network } from './network.ts'

type Statement = string | { readonly text: string; readonly values?: readonly unknown[] }

const queryMs = 8_000

/** A process's pool of connections to the simulated database, as the adapters use one. */
export function createPool(database: SimDatabase, network: Network): Pool {
  const faultOf = (why: string): Error => new Error(`The database ${why}`)
  const ask = <T>(run: () => T | Promise<T>): Promise<T> =>
    network.call(database.machine, run, { waitMs: queryMs, faultOf, once: true })

  async function connect() {
    const { owner } = network.scheduler
    const session: Session = await ask(() => database.open(owner))
    return {
      on: () => {},
      removeListener: () => {},
      release: () => database.close(session),
      async query(statement: Statement, values: readonly unknown[] = []): Promise<{ readonly rows: Rows }> {
        const { text, values: given = values } = typeof statement === 'string' ? { text: statement } : statement
        return { rows: await ask(() => database.execute(session, text, given)) }
      },
    }
  }

  const pool = {
    connect(callback?: (error: unknown, client?: unknown, release?: () => void) => void) {
      const client = connect()
      if (callback === undefined) return client
      client.then(
        (given) => callback(undefined, given, given.release),
        (error: unknown) => callback(error),
      )
      return undefined
    },
    async query(statement: Statement, values: readonly unknown[] = []) {
      const client = await connect()
      try {
        return await client.query(statement, values)
      } finally {
        client.release()
      }
    },
  }
  return pool as unknown as Pool
}
