import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { Fault } from '../core/fault.ts'

/** Any number that no other program on the database uses: "tollgate" in ASCII. */
const lockKey = '8389209336389104741'
const waitMs = 5_000
const pauseMs = 100

/** What happens to a lock after it was taken. */
export interface LockWatch {
  /** The database does not answer at the moment: the lock is taken as soon as it does. */
  readonly mayWait?: boolean
  /** Its connection is gone, and with it the lock; from now on it is tried again on new ones. */
  onLost(error: unknown): void
  onHeldAgain(): void
  /** Another process has it now. Nothing is tried any more. */
  onTaken(): void
}

export interface OneProcessLock {
  release(): Promise<void>
}

/**
 * Takes the advisory lock of the in-process store on a connection of its own: counters kept in one process are wrong in two. Throws a
 * `Fault` of code `already_running` when another process has it. A lost connection (any restart of PostgreSQL) is no reason to stop: the
 * lock is taken again, with pauses that grow to 5 s, until it is held, another process has it, or it is released.
 */
export async function takeOneProcessLock(databaseUrl: string, watch: LockWatch): Promise<OneProcessLock> {
  const lock = new AdvisoryLock(databaseUrl, watch)
  if ((await lock.first(watch.mayWait ?? false)) === 'held') return lock
  throw new Fault(
    'already_running',
    'Another Tollgate counts in process on this database: stop it, or set REDIS_URL so that both count in one store',
  )
}

class AdvisoryLock implements OneProcessLock {
  readonly #databaseUrl: string
  readonly #watch: LockWatch
  readonly #released = new AbortController()
  #client: pg.Client | undefined
  /** The server's name of the connection that last held the lock. */
  #session = ''
  #retrying: Promise<void> = Promise.resolve()

  constructor(databaseUrl: string, watch: LockWatch) {
    this.#databaseUrl = databaseUrl
    this.#watch = watch
  }

  /** Like `attempt`; a server that cannot be asked is asked again in the background if that is allowed. */
  async first(mayWait: boolean): Promise<'held' | 'ours' | 'taken'> {
    try {
      return await this.attempt()
    } catch (error) {
      if (!mayWait) throw error
      this.#watch.onLost(error)
      this.#retrying = this.#retry()
      return 'held'
    }
  }

  /** `ours`: the server has not noticed yet that the connection of ours that held it is gone. Throws when the server cannot be asked. */
  async attempt(): Promise<'held' | 'ours' | 'taken'> {
    const client = new pg.Client({
      ...{ connectionString: this.#databaseUrl, keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
      ...{ connectionTimeoutMillis: waitMs, query_timeout: waitMs },
    })
    client.on('error', (error) => this.#onError(client, error))
    try {
      await client.connect()
      const { rows } = await client.query<{ taken: boolean; holder: string; self: string }>(tryLock, [lockKey])
      const answer = rows[0]
      if (answer?.taken !== true || this.#released.signal.aborted) {
        await client.end()
        return answer?.holder === this.#session ? 'ours' : 'taken'
      }
      this.#session = answer.self
      this.#client = client
      return 'held'
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
  }

  async release(): Promise<void> {
    this.#released.abort()
    await this.#retrying
    await this.#client?.end()
  }

  #onError(client: pg.Client, error: Error): void {
    if (client !== this.#client || this.#released.signal.aborted) return
    this.#client = undefined
    this.#watch.onLost(error)
    this.#retrying = this.#retry()
  }

  async #retry(): Promise<void> {
    const { signal } = this.#released
    for (let failures = 0; !signal.aborted; failures += 1) {
      await delay(Math.min(waitMs, pauseMs * 2 ** Math.min(failures, 10)), undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      const outcome = await this.attempt().catch(() => 'ours' as const)
      if (signal.aborted || outcome === 'ours') continue
      if (outcome === 'held') this.#watch.onHeldAgain()
      else this.#watch.onTaken()
      return
    }
  }
}

/** $1 the key. Answers whether it was taken here, who has it if not, and who asks: as process id and start, since ids come again. */
const tryLock = `
  WITH attempt AS MATERIALIZED (SELECT pg_try_advisory_lock($1::bigint) AS taken)
  SELECT attempt.taken, coalesce(holder.name, '-') AS holder, self.pid || ' ' || self.backend_start AS self
    FROM attempt
    JOIN pg_stat_activity AS self ON self.pid = pg_backend_pid()
    LEFT JOIN LATERAL (
         SELECT activity.pid || ' ' || activity.backend_start AS name
           FROM pg_locks AS lock
           JOIN pg_stat_activity AS activity USING (pid)
          WHERE NOT attempt.taken AND lock.granted AND lock.locktype = 'advisory' AND lock.objsubid = 1
            AND lock.classid::bigint = $1::bigint >> 32 AND lock.objid::bigint = $1::bigint & 4294967295
            AND lock.database = self.datid
          LIMIT 1) AS holder ON true`
