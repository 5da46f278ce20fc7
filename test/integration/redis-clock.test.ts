import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClockedRedis, createClockedRedis } from '../support/clocked-redis.ts'
import { rateLine, spendRequest, startMs } from '../support/spend-harness.ts'

let redis: ClockedRedis

beforeEach(async () => {
  redis = await createClockedRedis()
})
afterEach(() => redis.close())

describe('time in Redis', () => {
  it("is the server's: a spend that starts there after notAfterMs takes nothing, whatever the caller believes", async () => {
    await redis.setStoreNow(startMs + 1_000)
    const request = spendRequest({ id: 'a', lines: [rateLine()], notAfterMs: startMs + 999 })
    expect(await redis.store.spend(request)).toEqual({ kind: 'late', at: startMs + 1_000 })
    expect(await redis.store.peek([rateLine({ hits: 0 })])).toMatchObject({ states: [{ debt: 0 }] })
  })

  it("is learnt from replies, so that the next notAfterMs is in the server's clock", async () => {
    await redis.setStoreNow(startMs + 90_000)
    await redis.store.peek([rateLine()])
    expect(redis.store.nowMs()).toBe(startMs + 90_000)
  })

  it('is not learnt from a repeated spend, which answers the instant of the first', async () => {
    const request = spendRequest({ id: 'a', lines: [rateLine()] })
    await redis.store.spend(request)
    await redis.setStoreNow(startMs + 50_000)
    expect(await redis.store.spend(request)).toMatchObject({ kind: 'taken', at: startMs })
    expect(redis.store.nowMs()).toBe(startMs + 50_000)
  })
})
