import { setTimeout as delay } from 'node:timers/promises'
import { type ChainableCommander, Redis } from 'ioredis'
import type pg from 'pg'
import { createPostgresLedgerStore } from '../../../src/postgres/ledger-store.ts'
import { createRedisSpendStore, type RedisSpendStore } from '../../../src/redis/spend-store.ts'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import type { Child } from './child.ts'

/** A look at the store that goes around everything that is being spoilt. */
export interface Lookout {
  readonly store: RedisSpendStore
  /** What still is on its way into the books; empty when all is quiet. */
  unsettled(): Promise<readonly string[]>
  /** Charges that are taken and not yet in the books. */
  inFlight(): Promise<number>
  /** Entries that the streams hold, while nobody can say which of them are booked. */
  streamed(): Promise<number>
  close(): Promise<void>
}

export async function createLookout(given: {
  readonly redisUrl: string
  readonly keyPrefix: string
  readonly pool: pg.Pool
}): Promise<Lookout> {
  const { redisUrl: url, keyPrefix, pool } = given
  const store = createRedisSpendStore({ url, keyPrefix, observer, nowMs: Date.now, commandTimeoutMs: 5_000 })
  await store.ready()
  const books = createPostgresLedgerStore({ pool, observer })
  const redis = new Redis(url, { retryStrategy: () => 100 })
  redis.on('error', () => undefined)
  return {
    store,
    async unsettled() {
      const waiting = await store.waiting(await books.checkpoints())
      const stale = await store.stale(10)
      const pending = await pendingOf(redis, keyPrefix)
      return [
        ...(waiting.length > 0 ? [`streams of ${waiting.join()}`] : []),
        ...(stale.length > 0 ? [`${stale.length} stale subjects`] : []),
        ...(pending > 0 ? [`${pending} reservations`] : []),
      ]
    },
    async inFlight() {
      const checkpoints = await books.checkpoints()
      let unread = 0
      for (const partition of await store.waiting(checkpoints)) {
        const checkpoint = checkpoints.find((one) => one.partition === partition)
        unread += (await store.charges({ partition, checkpoint, countMax: 10_000 })).entries.length
      }
      return unread + (await pendingOf(redis, keyPrefix))
    },
    streamed: () => sumOver(redis, (batch, partition) => batch.xlen(`${keyPrefix}${partition}:charges`)),
    async close() {
      redis.disconnect()
      await store.close()
    },
  }
}

function pendingOf(redis: Redis, keyPrefix: string): Promise<number> {
  return sumOver(redis, (batch, partition) => batch.zcard(`${keyPrefix}${partition}:pending`))
}

async function sumOver(redis: Redis, ask: (batch: ChainableCommander, partition: string) => void): Promise<number> {
  const batch = redis.pipeline()
  for (let partition = 0; partition < 256; partition += 1) ask(batch, `{p${String(partition).padStart(3, '0')}}`)
  const replies = (await batch.exec()) ?? []
  return replies.reduce((sum, [, count]) => sum + Number(count), 0)
}

const flushMs = 300
const pollMs = 40

/**
 * Resolves when nothing is on its way any more: Envoy has flushed its log, nothing waits to be reported, no reservation is open, every
 * stream is read, no counter is doubted. Throws what is left after `msMax`.
 */
export async function untilQuiet(lookout: Lookout, child: Child, msMax = 20_000): Promise<void> {
  await delay(flushMs)
  const deadlineMs = performance.now() + msMax
  let quietRounds = 0
  for (;;) {
    const left = await leftOver(lookout, child)
    quietRounds = left.length === 0 ? quietRounds + 1 : 0
    if (quietRounds === 2) return
    if (performance.now() > deadlineMs) throw new Error(await notQuiet(left, child))
    await delay(pollMs)
  }
}

async function notQuiet(left: readonly string[], child: Child): Promise<string> {
  return `Still on its way: ${left.join(', ')}. It told ${JSON.stringify(await child.told())}`
}

async function leftOver(lookout: Lookout, child: Child): Promise<readonly string[]> {
  const { gauges } = await child.told()
  const waiting = gauges['reports_waiting'] ?? 0
  const left = await lookout.unsettled().catch((error: unknown) => [String(error)])
  return waiting > 0 ? [...left, `${waiting} reports to be told`] : left
}
