import { expect, test } from 'vitest'
import { createClockedRedis } from '../support/clocked-redis.ts'
import { processRollSuite } from './process-roll.suite.ts'

processRollSuite('in Redis', async () => {
  const { store, setNow, close } = await createClockedRedis()
  return { roll: store.roll, setNow, close }
})

test('a roll of another life of Redis is a break, since the last ones may be forgotten; it never expires', async () => {
  const { store, admin, keyPrefix, setNow, close } = await createClockedRedis()
  const key = `${keyPrefix}{p000}:roll`
  await setNow(1_000_000)
  await store.roll.beat({ id: 'a', streamBroke: false, isNew: true })
  await admin.hset(key, '!run', 'another')
  await setNow(1_000_250)
  const beat = { id: 'a', streamBroke: false, isNew: false }
  expect(await store.roll.beat(beat)).toEqual({ processes: 1, brokeAtMs: 1_000_250 })
  await setNow(1_000_500)
  expect(await store.roll.beat(beat)).toEqual({ processes: 1, brokeAtMs: 1_000_250 })
  expect(await admin.ttl(key)).toBe(-1)
  await close()
})
