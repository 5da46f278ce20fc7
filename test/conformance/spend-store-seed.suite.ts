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

/** What every store promises about seeds and expiries. */
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

  describe('expire()', () => {
    it('books an overdue reservation at its estimate, open and unsettled; a later report still wins', async () => {
      const { harness, store, used, warm, taken } = fixture()
      await warm()
      const report = await taken('z1')
      const sweep = { countMax: 10, notAfterMs: startMs + 3_000_000 }
      expect(await store.expire(sweep)).toBe(0)
      await harness.setNow(startMs + 60_000)
      expect(await store.expire(sweep)).toBe(1)
      expect(await store.expire(sweep)).toBe(0)
      expect(await used()).toBe(1_000)
      await store.report({ ...report, amounts: amounts({ requests: 1, credits: 250 }) })
      expect(await used()).toBe(250)
      const { entries } = await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })
      expect(entries).toMatchObject([
        { state: 'open', unsettled: true, outcome: 'unknown', difference: { credits: 1_000 } },
        { state: 'final', unsettled: false, amounts: { credits: 250 }, difference: { credits: -750 } },
      ])
    })

    it('does nothing after notAfterMs, and no more than countMax', async () => {
      const { harness, store, warm, taken } = fixture()
      await warm()
      for (const id of ['1', '2', '3']) await taken(id)
      await harness.setNow(startMs + 60_000)
      expect(await store.expire({ countMax: 10, notAfterMs: startMs + 59_999 })).toBe(0)
      expect(await store.expire({ countMax: 2, notAfterMs: startMs + 60_000 })).toBe(2)
      expect(await store.expire({ countMax: 2, notAfterMs: startMs + 60_000 })).toBe(1)
    })

    it('leaves a reservation alone that an open report renewed', async () => {
      const { harness, store, warm, taken } = fixture()
      await warm()
      const report = await taken('n1')
      await harness.setNow(startMs + 50_000)
      await store.report({ ...report, state: 'open' })
      await harness.setNow(startMs + 60_000)
      expect(await store.expire({ countMax: 10, notAfterMs: startMs + 90_000 })).toBe(0)
    })
  })
}
