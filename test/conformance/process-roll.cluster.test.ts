import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClockedCluster } from '../support/clocked-cluster.ts'
import { type RunningCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { alice, counterOf, quotaLine, reportOf, seedOf, spendRequest } from '../support/spend-harness.ts'
import { processRollSuite } from './process-roll.suite.ts'

const cluster = Promise.withResolvers<RunningCluster>()

beforeAll(async () => {
  await startRedisCluster().then(cluster.resolve, cluster.reject)
  await cluster.promise
}, 60_000)
afterAll(async () => {
  await (await cluster.promise).stop()
})

processRollSuite('in a Redis Cluster', async () => {
  const { store, setNow, close } = await createClockedCluster(await cluster.promise)
  return { roll: store.roll, setNow, close }
})

test('the doctor looks into every master of a Redis Cluster', async () => {
  const { store, close } = await createClockedCluster(await cluster.promise)
  const line = quotaLine()
  await store.seed(await seedOf(store, alice, [counterOf(line, 500)]))
  const request = spendRequest({ id: 'a', lines: [line] })
  const spent = reportOf(request, await store.spend(request))
  expect(store.exam.servers()).toHaveLength((await cluster.promise).masters.length)
  expect(await store.exam.partition(7, undefined)).toMatchObject({ pending: 1, entries: 0, isOfThisServer: true })
  expect(await store.exam.partition(8, undefined)).toMatchObject({ pending: 0, isOfThisServer: false })
  expect(await store.exam.pending(alice, 10)).toMatchObject([{ id: 'a', state: 'open', booked: request.estimate }])
  expect(await store.exam.compare(await seedOf(store, alice, [counterOf(line, 500)]))).toMatchObject([
    { held: 1_500, expected: 1_500 },
  ])
  await store.report({ ...spent, state: 'final' })
  expect(await store.exam.pending(alice, 10)).toEqual([])
  await close()
})
