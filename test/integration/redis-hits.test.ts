import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RunningRedis } from '../../scripts/servers/redis.ts'
import type { HitStore } from '../../src/check/hit-ports.ts'
import type { HitAnswer, WindowHitLine } from '../../src/core/hit.ts'
import type { At } from '../../src/redis/at-master.ts'
import { ClusterHits } from '../../src/redis/cluster-hits.ts'
import { createRedisSpendStore, type RedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createClockedRedis } from '../support/clocked-redis.ts'
import { ask, counter, slotLine, statesOf, windowLine } from '../support/hit-harness.ts'
import { startOwnRedis } from '../support/redis.ts'
import { rateLine, startMs } from '../support/spend-harness.ts'

test('a script that starts too late takes nothing, and the store clock is known from then on', async () => {
  const { store, setStoreNow, close } = await createClockedRedis()
  await setStoreNow(startMs + 30_000)
  const late = await store.hits.hit({ lines: [windowLine()], counting: 'each', notAfterMs: startMs + 29_999 })
  expect(late).toEqual({ kind: 'late', at: startMs + 30_000 })
  expect(store.hits.nowMs()).toBe(startMs + 30_000)
  expect(await statesOf(ask({ hits: store.hits }, [windowLine({ hits: 0 })]))).toMatchObject([{ before: 0 }])
  await close()
})

describe('parts that fail', () => {
  const first = windowLine({ counter: counter('first', 3), hits: 2 })
  const shadow = windowLine({ counter: counter('shadow', 4), hits: 9, enforced: false })
  const slot = slotLine({ counter: counter('slot', 5) })
  const last = windowLine({ counter: counter('last', 200) })
  const looks = [first, shadow, slot].map((line) => ({ ...line, hits: 0 }))

  const inParts = (store: RedisSpendStore, at: At): HitStore =>
    new ClusterHits({ at, nowMs: () => store.nowMs(), observer: silentObserver })

  test.each(['all_or_nothing', 'each'] as const)('give all back that others took (%s)', async (counting) => {
    const { store, close } = await createClockedRedis()
    const broken = inParts(store, async (partition, tell) => {
      if (partition === 200) throw new Error('No master serves this partition')
      return tell(store)
    })
    const lines = [first, shadow, slot, last].map((line, descriptor) => ({ ...line, descriptor }))
    await expect(ask({ hits: broken }, lines, { counting, slotId: 'a' })).rejects.toThrow('No master')
    const seen = await statesOf(ask({ hits: store.hits }, looks, { slotId: 'a' }))
    expect(seen.map(({ before }) => before)).toEqual([0, 0, 0])
    await close()
  })

  test('leave what cannot be given back to its window, and the call is refused all the same', async () => {
    const { store, close } = await createClockedRedis()
    const failed: string[] = []
    const observer = { ...silentObserver, count: (name: string) => void failed.push(name) }
    const at: At = async (partition, tell) =>
      tell({ ...store, hits: { ...store.hits, giveBack: () => Promise.reject(new Error(`lost ${partition}`)) } })
    const hits = new ClusterHits({ at, nowMs: () => store.nowMs(), observer })
    const over = { ...last, hits: 6 }
    expect(await statesOf(ask({ hits }, [first, over]))).toMatchObject([
      { fits: true, taken: false, after: 0 },
      { fits: false, taken: false },
    ])
    expect(failed).toEqual(['hits_not_given_back_total'])
    expect(await statesOf(ask({ hits: store.hits }, [{ ...first, hits: 0 }]))).toMatchObject([{ before: 2 }])
    await close()
  })
})

describe('a Redis that hangs or forgets', () => {
  let redis: RunningRedis
  let store: RedisSpendStore

  beforeEach(async () => {
    redis = await startOwnRedis()
    store = createRedisSpendStore({ url: redis.url, observer: silentObserver, nowMs: Date.now })
    await store.ready()
  })
  afterEach(async () => {
    await store.close()
    await redis.stop()
  })

  function lineNow(): WindowHitLine {
    const start = Date.now() - (Date.now() % 86_400_000)
    return windowLine({ startMs: start, endMs: start + 86_400_000, nextEndMs: start + 2 * 86_400_000 })
  }

  function hit(onLate?: (answer: HitAnswer) => void): Promise<HitAnswer> {
    const request = { lines: [lineNow()], counting: 'each', notAfterMs: store.hits.nowMs() + 15 } as const
    return store.hits.hit(request, onLate && { onLate })
  }

  test('a hit waits no longer than it may; Check goes on trusting the store, until it was silent for long', async () => {
    const late = Promise.withResolvers<HitAnswer>()
    process.kill(redis.pid, 'SIGSTOP')
    try {
      const first = await Promise.race([hit(late.resolve).catch((fault: unknown) => fault), delay(80, 'too long')])
      expect(first).toMatchObject({ code: 'store_unavailable', uncertain: true })
      expect(store.isReady(), 'after a silence of some milliseconds').toBe(true)
      for (let tries = 0; store.isReady() && tries < 400; tries += 1) await hit().catch(() => undefined)
      expect(store.isReady(), 'after a long silence').toBe(false)
      await expect(hit()).rejects.toMatchObject({ code: 'store_unavailable', uncertain: false })
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
    // What was sent before it hung runs late, and takes nothing.
    expect(await late.promise).toMatchObject({ kind: 'late' })
    for (let tries = 0; !store.isReady() && tries < 400; tries += 1) await delay(5)
    expect(await store.peek([rateLine({ hits: 0 })])).toMatchObject({ kind: 'seen' })
    expect(await statesOf(ask({ hits: store.hits }, [lineNow()]))).toMatchObject([{ before: 0, after: 1 }])
  })

  test('one that lost its data counts from nothing', async () => {
    await statesOf(ask({ hits: store.hits }, [lineNow()]))
    await redis.stop()
    redis = await startOwnRedis({ port: redis.port })
    await store.ready(5_000).catch(() => undefined)
    let answer: unknown
    for (let tries = 0; answer === undefined && tries < 400; tries += 1) {
      answer = await statesOf(ask({ hits: store.hits }, [lineNow()])).catch(() => delay(10))
    }
    expect(answer).toMatchObject([{ before: 0, after: 1 }])
  })
})
