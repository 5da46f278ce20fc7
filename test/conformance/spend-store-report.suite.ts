import { describe, expect, it } from 'vitest'
import type { SpendAnswer } from '../../src/core/spend.ts'
import {
  alice,
  amounts,
  counterOf,
  quotaLine,
  rateLine,
  reportOf,
  research,
  seedOf,
  spendRequest,
  startMs,
} from '../support/spend-harness.ts'
import type { StoreFixture } from '../support/store-fixture.ts'

/** What every store promises about reports and refunds. */
export function reportSuite(fixture: () => StoreFixture): void {
  describe('report()', () => {
    it('final moves the counter to the actual, whatever comes before or after it again', async () => {
      const { store, used, warm, taken } = fixture()
      await warm()
      const report = await taken('f1')
      const final = { ...report, amounts: amounts({ requests: 1, credits: 400, bytes: 5_000 }) }
      const open = { ...report, state: 'open' as const, amounts: amounts({ credits: 9_000 }) }
      expect(await store.report(final)).toBe('booked')
      expect(await used()).toBe(400)
      for (const duplicate of [final, open, { ...final, amounts: amounts({}) }]) {
        expect(await store.report(duplicate)).toBe('booked')
        expect(await used()).toBe(400)
      }
    })

    it('open only raises what is booked', async () => {
      const { store, used, warm, taken } = fixture()
      await warm()
      const report = { ...(await taken('o1')), state: 'open' as const }
      await store.report({ ...report, amounts: amounts({ credits: 10 }) })
      expect(await used()).toBe(1_000)
      await store.report({ ...report, amounts: amounts({ credits: 7_000 }) })
      expect(await used()).toBe(7_000)
    })

    it('books into the window that held the spend, not the one that holds the report', async () => {
      const { harness, store, used, warm, taken } = fixture()
      await warm()
      const report = await taken('v1')
      await harness.setNow(startMs + 3_600_000)
      await store.spend(spendRequest({ id: 'v2', lines: [quotaLine()] }))
      await store.report({ ...report, amounts: amounts({ credits: 50_000 }) })
      expect(await used()).toBe(1_000)
    })

    it('never gives a rate hit back', async () => {
      const { store } = fixture()
      const request = spendRequest({ id: 'h1', lines: [rateLine()] })
      const answer = await store.spend(request)
      const refund = { amounts: amounts({}), outcome: 'undelivered' as const, notAfterMs: startMs }
      await store.report(reportOf(request, answer, refund))
      expect(await store.peek([rateLine({ hits: 0 })])).toMatchObject({ states: [{ debt: 1_000 }] })
    })

    it('without a record is unrecorded and marks the subjects stale until they are seeded', async () => {
      const { store, used, warm, taken } = fixture()
      await warm()
      const report = await taken('k1')
      expect(await store.report({ ...report, id: 'unknown' })).toBe('unrecorded')
      const stale = await store.stale(10)
      expect(stale.map((entry) => entry.subject.id).sort()).toEqual(['alice', 'research'])
      const { current, surface, quantity, window, timeZone } = quotaLine()
      expect(stale.find((entry) => entry.subject.id === 'alice')?.counters).toEqual([
        { surface, quantity, window, timeZone, ...current },
      ])
      await store.seed(await seedOf(store, alice, [counterOf(quotaLine(), 500)]))
      await store.seed(await seedOf(store, research, []))
      expect(await used()).toBe(1_500)
      expect(await store.stale(10)).toEqual([])
    })

    it('what is told of without a record and without its end is unsettled, and what ended is not', async () => {
      const { store, warm, taken } = fixture()
      await warm()
      const report = { ...(await taken('k2')), amounts: amounts({ requests: 1 }) }
      await store.report({ ...report, id: 'let-through', state: 'open', outcome: 'unknown' })
      await store.report({ ...report, id: 'running', state: 'open', outcome: 'delivered' })
      await store.report({ ...report, id: 'ended', state: 'final', outcome: 'delivered' })
      const { entries } = await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })
      expect(entries.map(({ id, unsettled }) => [id, unsettled])).toEqual([
        ['let-through', true],
        ['running', false],
        ['ended', false],
      ])
    })

    it('a refund is early while its spend could still come, afterwards appended by id alone', async () => {
      const { harness, store } = fixture()
      const request = spendRequest({ id: 'e1', lines: [rateLine()], notAfterMs: startMs + 50 })
      const answer: SpendAnswer = {
        kind: 'taken',
        at: startMs,
        paceMs: 0,
        epochs: [{ partition: 7, epoch: 'x' }],
        states: [],
      }
      const refund = reportOf(request, answer, {
        amounts: amounts({}),
        outcome: 'undelivered',
        notAfterMs: request.notAfterMs,
      })
      expect(await store.report(refund)).toBe('early')
      expect((await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })).entries).toEqual([])
      await harness.setNow(startMs + 51)
      expect(await store.report(refund)).toBe('unrecorded')
      expect((await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })).entries).toMatchObject([
        { id: 'e1', onlyIfBooked: true, amounts: amounts({}) },
      ])
    })

    it('a refund takes the estimate back and appends nothing', async () => {
      const { store, used, warm, taken } = fixture()
      await warm()
      const report = await taken('b1')
      const refund = { ...report, amounts: amounts({}), outcome: 'undelivered' as const, notAfterMs: startMs }
      expect(await store.report(refund)).toBe('booked')
      expect(await used()).toBe(0)
      expect((await store.charges({ partition: 7, checkpoint: undefined, countMax: 10 })).entries).toEqual([])
    })
  })
}
