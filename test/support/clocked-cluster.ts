import { Redis } from 'ioredis'
import { partitionCount } from '../../src/core/subject.ts'
import { createRedisClusterSpendStore } from '../../src/redis/cluster-store.ts'
import type { RedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createKeyPrefix } from './redis.ts'
import type { RunningCluster } from './redis-cluster.ts'
import { type StoreHarness, startMs } from './spend-harness.ts'

export interface ClockedCluster extends StoreHarness {
  readonly store: RedisSpendStore
}

/** A store on a cluster whose scripts read the time that the test sets, kept once in every partition's slot. */
export async function createClockedCluster(cluster: RunningCluster): Promise<ClockedCluster> {
  const keyPrefix = createKeyPrefix()
  const clients = cluster.masters.map(({ url }) => new Redis(url))
  let localMs = startMs
  const keysOf = clients.map((): string[] => [])
  for (let partition = 0; partition < partitionCount; partition += 1) {
    const key = `${keyPrefix}{p${String(partition).padStart(3, '0')}}:clock`
    const slot = Number(await clients[0]?.cluster('KEYSLOT', key))
    keysOf[Math.floor((slot * clients.length) / 16_384)]?.push(key)
  }
  const setNow = async (ms: number): Promise<void> => {
    localMs = ms
    await Promise.all(
      clients.map((client, index) => Promise.all((keysOf[index] ?? []).map((key) => client.set(key, String(ms))))),
    )
  }
  await setNow(startMs)
  const store = createRedisClusterSpendStore({
    url: cluster.url,
    observer: silentObserver,
    nowMs: () => localMs,
    keyPrefix,
    commandTimeoutMs: 5_000,
    clockScript: `local function now_ms()
      if not KEYS[1] then return ${startMs} end
      return tonumber(redis.call('GET', string.match(KEYS[1], '^(.-})') .. ':clock'))
    end`,
  })
  await store.ready(10_000)
  return {
    store,
    setNow,
    async close() {
      await store.close()
      for (const client of clients) client.disconnect()
    },
  }
}
