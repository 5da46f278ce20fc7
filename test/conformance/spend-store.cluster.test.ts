import { afterAll, beforeAll } from 'vitest'
import { createClockedCluster } from '../support/clocked-cluster.ts'
import { type RunningCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { chargeStreamSuite } from './charge-stream.suite.ts'
import { spendStoreSuite } from './spend-store.suite.ts'

const cluster = Promise.withResolvers<RunningCluster>()

beforeAll(async () => {
  await startRedisCluster().then(cluster.resolve, cluster.reject)
  await cluster.promise
}, 60_000)
afterAll(async () => {
  await (await cluster.promise).stop()
})

spendStoreSuite('in a Redis Cluster', async () => createClockedCluster(await cluster.promise))
chargeStreamSuite('in a Redis Cluster', async () => createClockedCluster(await cluster.promise))
