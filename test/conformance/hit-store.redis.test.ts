import { expect, test } from 'vitest'
import { createClockedRedis } from '../support/clocked-redis.ts'
import { ask, counter, type HitHarness, rateHitLine, slotLine, statesOf, windowLine } from '../support/hit-harness.ts'
import { hitStoreSuite } from './hit-store.suite.ts'

async function createHarness(): Promise<HitHarness> {
  const { store, setNow, close } = await createClockedRedis()
  return { hits: store.hits, setNow, close }
}

hitStoreSuite('in Redis', createHarness)

test('every counter has an end: a window its own, a rate once it leaked, slots the last of them', async () => {
  const { store, keyPrefix, admin, close } = await createClockedRedis()
  const lines = [
    windowLine(),
    rateHitLine({ hits: 4 }),
    slotLine(),
    slotLine({ counter: counter('short'), slotMs: 50 }),
  ]
  await statesOf(ask({ hits: store.hits }, lines, { slotId: 'a' }))
  await statesOf(ask({ hits: store.hits }, [slotLine({ slotMs: 20 })], { slotId: 'b' }))
  const ends = new Map<string, number>()
  for (const key of await admin.keys(`${keyPrefix}{p007}:h:*`))
    ends.set(key.split(':h:')[1] ?? '', await admin.pttl(key))
  expect([...ends.keys()].sort()).toEqual([`rate:r`, 'short:c', 'slots:c', `window:${windowLine().startMs}`])
  const most = { rate: 7_000, short: 5_050, slots: 15_000, window: 65_000 }
  for (const [name, ttl] of ends) {
    const end = most[name.split(':')[0] as keyof typeof most]
    expect(ttl, name).toBeGreaterThan(end - 3_000)
    expect(ttl, name).toBeLessThanOrEqual(end)
  }
  await close()
})
