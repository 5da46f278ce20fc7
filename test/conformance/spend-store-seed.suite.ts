import { describe, expect, it } from 'vitest'
import {
  alice,
  amounts,
  counterOf,
  quotaLine,
  rateLine,
  seedOf,
  spendRequest,
  startMs,
} from '../support/spend-harness.ts'
import type { StoreFixture } from '../support/store-fixture.ts'

/** So many open reservations, made after those that are there. */
async function takeMany(taken: StoreFixture['taken'], count: number): Promise<void> {
  const together = 200
  for (let from = 0; from < count; from += together) {
    await Promise.all(
      Array.from({ length: together }, (_, index) => taken(`q${String(from + index).padStart(5, '0')}`)),
    )
  }
}

/** What every store promises about seeds. */
export function seedSuite(fixture: () => StoreFixture): void {
  describe('seed()', () => {
    it('counts reservations that are not in the stream and differences the ledger has not read', async () => {
      const { store, used, warm, taken } = fixture()
      await warm()
      const early = await seedOf(store, alice, [counterOf(quotaLine(), 0)])
      const first = await taken('d1')
      await taken('d2')
      await store.report({ ...first, amounts: amounts({ credits: 300 }) })
      expect(await store.seed(early)).toBe('seeded')
      expect(await used()).toBe(1_300)
      expect(await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 300)]))).toBe('seeded')
      expect(await used()).toBe(1_300)
    })

    it('is behind without a checkpoint of this epoch', async () => {
      const { store, used } = fixture()
      const seed = await seedOf(store, alice, [counterOf(quotaLine(), 0)])
      expect(await store.seed({ ...seed, checkpoint: undefined })).toBe('behind')
      const other = { partition: 7, position: seed.checkpoint?.position ?? '', epoch: 'another' }
      expect(await store.seed({ ...seed, checkpoint: other })).toBe('behind')
      expect(await used()).toBe('cold')
    })

    it('is behind while an entry without difference is unread', async () => {
      const { store, warm, taken } = fixture()
      await warm()
      const report = await taken('a1')
      const early = await seedOf(store, alice, [counterOf(quotaLine(), 0)])
      await store.report({ ...report, id: 'lost' })
      expect(await store.seed(early)).toBe('behind')
      expect(await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 0)]))).toBe('seeded')
    })

    it('does not warm a counter whose window has passed', async () => {
      const { harness, store, used } = fixture()
      const seed = await seedOf(store, alice, [counterOf(quotaLine(), 0)])
      await harness.setNow(startMs + 3_600_000)
      expect(await store.seed(seed)).toBe('seeded')
      expect(await used()).toBe('cold')
    })

    it('keeps other counters warm, unless the subject is stale', async () => {
      const { store, used, warm, taken } = fixture()
      const bytes = quotaLine({ quantity: 'bytes', hits: 0 })
      await warm()
      await warm(bytes)
      expect(await used()).toBe(0)
      await store.report({ ...(await taken('j1')), id: 'lost' })
      await warm(bytes)
      expect(await used()).toBe('cold')
      expect(await used(bytes)).toBe(0)
    })

    it('keeps rates', async () => {
      const { store, warm } = fixture()
      await store.spend(spendRequest({ id: 'y1', lines: [rateLine()] }))
      await warm()
      expect(await store.peek([rateLine({ hits: 0 })])).toMatchObject({ states: [{ debt: 1_000 }] })
    })
  })

  describe('a partition with more pending reservations than a seed may read', () => {
    it('is behind until sweeps booked the first of them before their time; reports still decide those', async () => {
      const { store, used, warm, taken } = fixture()
      await warm()
      const first = await taken('p0')
      await takeMany(taken, 8_000)
      const early = await seedOf(store, alice, [counterOf(quotaLine(), 0)])
      expect(await store.seed(early)).toBe('behind')
      let booked = 0
      for (let swept = 1; swept > 0; booked += swept) {
        // No log stream ever broke, but what is not due is never released.
        swept = await store.expire({ countMax: 500, notAfterMs: startMs + 1_000, brokeAtMs: -1 })
        expect(swept).toBeLessThanOrEqual(500)
      }
      expect(booked).toBe(4_001)
      expect(await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 4_001_000)]))).toBe('seeded')
      expect(await used()).toBe(8_001_000)
      expect(await store.report({ ...first, amounts: amounts({ requests: 1, credits: 250 }) })).toBe('booked')
      expect(await used()).toBe(8_000_250)
      expect(await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 4_000_250)]))).toBe('seeded')
      expect(await used()).toBe(8_000_250)
    }, 60_000)
  })
}
