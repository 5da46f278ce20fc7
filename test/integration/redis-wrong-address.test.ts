import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningRedis } from '../../scripts/servers/redis.ts'
import { createRedisClusterSpendStore } from '../../src/redis/cluster-store.ts'
import { createRedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { startOwnRedis } from '../support/redis.ts'
import { rateLine } from '../support/spend-harness.ts'

let redis: RunningRedis
let address: string

beforeAll(async () => {
  redis = await startOwnRedis()
  address = new URL(redis.url).host
  const admin = new Redis(redis.url)
  await admin.config('SET', 'requirepass', 'right')
  admin.disconnect()
})

afterAll(async () => {
  const admin = new Redis(redis.url, { password: 'right' })
  await admin.config('SET', 'requirepass', '')
  admin.disconnect()
  await redis.stop()
})

function openStore(url: string, create = createRedisSpendStore) {
  const said: unknown[] = []
  const warn = (event: string, details?: unknown): void => void said.push([event, details])
  const store = create({ url, observer: { ...silentObserver, warn }, nowMs: Date.now })
  return { store, said }
}

test.each([
  ['a closed port', () => 'redis://127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'],
  ['an unknown host', () => 'redis://nowhere.invalid:6379', 'getaddrinfo '],
  ['no password', () => `redis://${address}`, 'NOAUTH'],
  ['a wrong password', () => `redis://:hush-hush@${address}`, 'WRONGPASS'],
])('%s is said in the log once, and by what fails', async (_, url, reason) => {
  const { store, said } = openStore(url())
  const server = new URL(url()).host
  const words = expect.stringContaining(`${server} says: ${reason}`)
  await expect(store.ready(1_500)).rejects.toMatchObject({ code: 'store_unavailable', transient: true, message: words })
  await expect(store.peek([rateLine()])).rejects.toMatchObject({ message: words })
  await store.close()
  expect(said).toEqual([['redis_not_connected', { server, reason: expect.stringContaining(reason) }]])
  expect(JSON.stringify(said)).not.toContain('hush-hush')
})

test('a single Redis says that it is no cluster', async () => {
  const { store, said } = openStore(`redis+cluster://:right@${address}`, createRedisClusterSpendStore)
  const words = `The Redis at ${address} is no cluster: write redis:// instead of redis+cluster://`
  await expect(store.ready(500)).rejects.toMatchObject({ code: 'store_unavailable', message: words })
  await store.close()
  expect(said).toContainEqual(['cluster_topology_unknown', { asked: 1, reason: words }])
})

test('a cluster that cannot be reached says why', async () => {
  const { store } = openStore('redis+cluster://127.0.0.1:1', createRedisClusterSpendStore)
  await expect(store.ready(500)).rejects.toThrow('127.0.0.1:1 says: connect ECONNREFUSED')
  await store.close()
})
