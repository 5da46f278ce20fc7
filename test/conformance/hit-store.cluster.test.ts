import { afterAll, beforeAll } from 'vitest'
import { createClockedCluster } from '../support/clocked-cluster.ts'
import { type RunningCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { hitStoreSuite } from './hit-store.suite.ts'

const cluster = Promise.withResolvers<RunningCluster>()

beforeAll(async () => {
  await startRedisCluster().then(cluster.resolve, cluster.reject)
  await cluster.promise
}, 60_000)
afterAll(async () => {
  await (await cluster.promise).stop()
})

hitStoreSuite('in a Redis Cluster', async () => {
  const { store, setNow, close } = await createClockedCluster(await cluster.promise)
  return { hits: store.hits, setNow, close }
})
