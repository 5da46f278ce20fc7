import { Redis } from 'ioredis'
import { createRedisSpendStore, type RedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createKeyPrefix, sharedRedisUrl } from './redis.ts'
import { type StoreHarness, startMs } from './spend-harness.ts'

export interface ClockedRedis extends StoreHarness {
  readonly store: RedisSpendStore
  readonly keyPrefix: string
  readonly admin: Redis
  /** Sets the clock of the scripts alone; the adapter learns it from replies. */
  setStoreNow(ms: number): Promise<void>
}

/** A store on the shared Redis whose scripts read the time that the test sets. */
export async function createClockedRedis(): Promise<ClockedRedis> {
  const keyPrefix = createKeyPrefix()
  const clockKey = `${keyPrefix}clock`
  const admin = new Redis(sharedRedisUrl())
  let localMs = startMs
  const setStoreNow = async (ms: number): Promise<void> => {
    await admin.set(clockKey, String(ms))
  }
  const setNow = (ms: number): Promise<void> => {
    localMs = ms
    return setStoreNow(ms)
  }
  await setNow(startMs)
  const store = createRedisSpendStore({
    url: sharedRedisUrl(),
    observer: silentObserver,
    nowMs: () => localMs,
    keyPrefix,
    commandTimeoutMs: 5_000,
    clockScript: `local function now_ms() return tonumber(redis.call('GET', '${clockKey}')) end`,
  })
  await store.ready()
  return {
    store,
    keyPrefix,
    admin,
    setNow,
    setStoreNow,
    async close() {
      await store.close()
      const keys = await admin.keys(`${keyPrefix}*`)
      if (keys.length > 0) await admin.del(...keys)
      admin.disconnect()
    },
  }
}
