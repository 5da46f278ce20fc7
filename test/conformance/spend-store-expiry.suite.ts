import { describe, expect, it } from 'vitest'
import type { Sweep } from '../../src/check/ports.ts'
import type { Report } from '../../src/core/charge.ts'
import { alice, amounts, counterOf, quotaLine, research, seedOf, startMs } from '../support/spend-harness.ts'
import type { StoreFixture } from '../support/store-fixture.ts'

/** A sweep a minute later, which is when reservations are due. */
const minuteMs = startMs + 60_000
const sweep = (some: Partial<Sweep> = {}): Sweep => ({
  countMax: 10,
  notAfterMs: minuteMs,
  brokeAtMs: Number.POSITIVE_INFINITY,
  ...some,
})

/** What every store promises about sweeps. */
export function expirySuite(fixture: () => StoreFixture): void {
  describe('expire()', () => {
    it('books an overdue reservation at its estimate, open and unsettled; a later report still wins', async () => {
      const { harness, store, used, warm, taken } = fixture()
      await warm()
      const report = await taken('z1')
      const sweep = { countMax: 10, notAfterMs: startMs + 3_000_000, brokeAtMs: Number.POSITIVE_INFINITY }
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
      expect(
        await store.expire({ countMax: 10, notAfterMs: startMs + 59_999, brokeAtMs: Number.POSITIVE_INFINITY }),
      ).toBe(0)
      expect(
        await store.expire({ countMax: 2, notAfterMs: startMs + 60_000, brokeAtMs: Number.POSITIVE_INFINITY }),
      ).toBe(2)
      expect(
        await store.expire({ countMax: 2, notAfterMs: startMs + 60_000, brokeAtMs: Number.POSITIVE_INFINITY }),
      ).toBe(1)
    })

    it('leaves a reservation alone that an open report renewed', async () => {
      const { harness, store, warm, taken } = fixture()
      await warm()
      const report = await taken('n1')
      await harness.setNow(startMs + 50_000)
      await store.report({ ...report, state: 'open' })
      await harness.setNow(startMs + 60_000)
      expect(
        await store.expire({ countMax: 10, notAfterMs: startMs + 90_000, brokeAtMs: Number.POSITIVE_INFINITY }),
      ).toBe(0)
    })

    it('books one that somebody reported, or that was taken up to the last break of a log stream', async () => {
      const { harness, store, used, warm, taken } = fixture()
      await warm()
      await taken('before')
      await harness.setNow(startMs + 1_000)
      const heard = await taken('heard')
      await store.report({ ...heard, state: 'open', amounts: amounts({ credits: 10 }), expiresInMs: 59_000 })
      await taken('last')
      await harness.setNow(startMs + 61_000)
      expect(await store.expire(sweep({ notAfterMs: startMs + 61_000, brokeAtMs: startMs + 999 }))).toBe(3)
      expect(await used()).toBe(2_000)
      const { entries } = await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })
      expect(entries.map(({ id, unsettled, amounts: { credits } }) => ({ id, unsettled, credits }))).toEqual([
        { id: 'before', unsettled: true, credits: 1_000 },
        { id: 'heard', unsettled: true, credits: 1_000 },
      ])
    })

    it('releases one that only its own booking told of, made because the answer was not heard', async () => {
      const { harness, store, used, warm, taken } = fixture()
      await warm()
      const unheard = await taken('unheard')
      await store.report({ ...unheard, state: 'open', outcome: 'unknown', amounts: amounts({ credits: 1_000 }) })
      await harness.setNow(minuteMs + 60_000)
      expect(await store.expire(sweep({ notAfterMs: minuteMs + 60_000, brokeAtMs: startMs - 1 }))).toBe(1)
      expect(await used()).toBe(0)
    })

    it('counts the instant of the last break as broken', async () => {
      const { harness, store, used, warm, taken } = fixture()
      await warm()
      await taken('a')
      await harness.setNow(minuteMs)
      expect(await store.expire(sweep({ brokeAtMs: startMs }))).toBe(1)
      expect(await used()).toBe(1_000)
    })

    describe('of one that never reached Envoy', () => {
      const released = async (): Promise<Report> => {
        const { harness, store, used, warm, taken } = fixture()
        await warm()
        await warm(quotaLine({ subject: research }))
        const report = await taken('r1')
        await harness.setNow(minuteMs)
        expect(await store.expire(sweep({ brokeAtMs: startMs - 1 }))).toBe(1)
        expect(await used()).toBe(0)
        expect(await used(quotaLine({ subject: research, hits: 0 }))).toBe(0)
        return report
      }
      const entries = async () =>
        (await fixture().store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })).entries

      it('gives everything back and tells the ledger nothing', async () => {
        const { store, used } = fixture()
        await released()
        expect(await entries()).toEqual([])
        expect(await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 0)]))).toBe('seeded')
        expect(await used()).toBe(0)
        expect(await store.expire(sweep({ brokeAtMs: -1 }))).toBe(0)
      })

      it('is still decided by a late final report', async () => {
        const { store, used } = fixture()
        const report = await released()
        expect(await store.report({ ...report, amounts: amounts({ requests: 1, credits: 250 }) })).toBe('booked')
        expect(await used()).toBe(250)
        expect(await entries()).toMatchObject([
          { id: 'r1', state: 'final', unsettled: false, amounts: { credits: 250 }, difference: { credits: 250 } },
        ])
        expect(await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 250)]))).toBe('seeded')
        expect(await used()).toBe(250)
      })

      it('is open again after a late open report, and booked when it expires once more', async () => {
        const { harness, store, used } = fixture()
        const report = await released()
        expect(await store.report({ ...report, state: 'open', amounts: amounts({ credits: 700 }) })).toBe('booked')
        expect(await used()).toBe(700)
        expect(await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 0)]))).toBe('seeded')
        expect(await used()).toBe(700)
        await harness.setNow(minuteMs + 60_000)
        expect(await store.expire(sweep({ notAfterMs: minuteMs + 60_000, brokeAtMs: -1 }))).toBe(1)
        expect(await entries()).toMatchObject([{ state: 'open', unsettled: true, difference: { credits: 700 } }])
      })

      it('leaves nothing to a late refund', async () => {
        const { store, used } = fixture()
        const report = await released()
        const refund = { ...report, amounts: amounts({}), outcome: 'undelivered' as const, notAfterMs: startMs }
        expect(await store.report(refund)).toBe('booked')
        expect(await used()).toBe(0)
        expect(await entries()).toEqual([])
      })

      it('is forgotten after an hour', async () => {
        const { harness, store } = fixture()
        const report = await released()
        await harness.setNow(minuteMs + 3_600_000)
        expect(await store.report(report)).toBe('unrecorded')
      })
    })
  })
}
