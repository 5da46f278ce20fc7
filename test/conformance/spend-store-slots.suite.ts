import { describe, expect, it } from 'vitest'
import type { Report } from '../../src/core/charge.ts'
import type { ConcurrencyLine } from '../../src/core/limit.ts'
import {
  address,
  alice,
  amounts,
  concurrencyLine,
  quotaLine,
  rateLine,
  reportOf,
  research,
  spendRequest,
  startMs,
} from '../support/spend-harness.ts'
import type { StoreFixture } from '../support/store-fixture.ts'

const slotMs = 9_000

/** What every store promises about in-flight caps. */
export function slotSuite(fixture: () => StoreFixture): void {
  describe('a slot under a cap', () => {
    const take = async (id: string, lines: readonly ConcurrencyLine[] = [concurrencyLine()]): Promise<Report> => {
      const request = spendRequest({ id, lines, subjects: [alice, research, address], estimate: amounts({}) })
      return reportOf(request, await fixture().store.spend(request))
    }
    const held = async (line = concurrencyLine()): Promise<unknown> => {
      const answer = await fixture().store.peek([{ ...line, hits: 0 }])
      const state = answer.kind === 'seen' ? answer.states[0] : undefined
      return state?.kind === 'concurrency' ? state.held : answer
    }
    const refused = (id: string, line = concurrencyLine()): Promise<unknown> =>
      fixture().store.spend(spendRequest({ id, lines: [line], estimate: amounts({}) }))

    it('is taken by the spend, up to the amount; then the answer says when the first ends by itself', async () => {
      const { harness, store } = fixture()
      const request = spendRequest({ id: 'a', lines: [concurrencyLine()], estimate: amounts({}) })
      expect(await store.spend(request)).toMatchObject({
        kind: 'taken',
        states: [{ kind: 'concurrency', held: 1, fits: true, retryAfterMs: 0 }],
      })
      await harness.setNow(startMs + 1_000)
      await take('b')
      expect(await refused('c')).toMatchObject({
        kind: 'refused',
        line: 0,
        retryAfterMs: 8_000,
        states: [{ kind: 'concurrency', held: 2, fits: false, retryAfterMs: 8_000 }],
      })
      expect(await held()).toBe(2)
    })

    it('is not taken when another line refuses, nor by a line that only looks', async () => {
      const lines = [concurrencyLine(), rateLine({ hits: 9 })]
      expect(await fixture().store.spend(spendRequest({ id: 'a', lines }))).toMatchObject({ kind: 'refused', line: 1 })
      await take('b', [concurrencyLine({ hits: 0 })])
      expect(await held()).toBe(0)
    })

    it('is one, however often the same id spends', async () => {
      await take('a')
      await take('a')
      await take('b', [concurrencyLine(), concurrencyLine({ limit: 'other', amount: 3 })])
      expect(await held()).toBe(2)
    })

    it('lasts as long as the longest of its lines says', async () => {
      const { harness } = fixture()
      await take('a', [concurrencyLine(), concurrencyLine({ limit: 'other', slotMs: 100 })])
      await take('b', [concurrencyLine({ limit: 'other', slotMs: 100 }), concurrencyLine()])
      await harness.setNow(startMs + slotMs - 1)
      expect(await held()).toBe(2)
    })

    it('is as if it had never been once its time is over', async () => {
      const { harness } = fixture()
      await take('a')
      await take('b')
      await harness.setNow(startMs + slotMs - 1)
      expect(await refused('c')).toMatchObject({ kind: 'refused', retryAfterMs: 1 })
      await harness.setNow(startMs + slotMs)
      expect(await held()).toBe(0)
      await take('c')
    })

    it('is renewed by an open report, also after its end', async () => {
      const { harness, store } = fixture()
      const report = { ...(await take('a')), state: 'open' as const }
      await harness.setNow(startMs + slotMs - 1)
      await store.report(report)
      await harness.setNow(startMs + 2 * slotMs - 2)
      expect(await held()).toBe(1)
      await harness.setNow(startMs + 2 * slotMs - 1)
      expect(await held()).toBe(0)
      await store.report(report)
      expect(await held()).toBe(1)
    })

    it('is free at once after a final report or a refund, and stays free', async () => {
      const { store } = fixture()
      const final = await take('a')
      const refund = { ...(await take('b')), outcome: 'undelivered' as const, notAfterMs: startMs }
      expect(await held()).toBe(2)
      await store.report(final)
      expect(await held()).toBe(1)
      await store.report(refund)
      expect(await held()).toBe(0)
      await store.report({ ...final, state: 'open' })
      expect(await held()).toBe(0)
    })

    it('is free at once after a release, says whose it was, and is not taken again by a later report', async () => {
      const { store } = fixture()
      const other = concurrencyLine({ subject: address })
      const report = await take('a', [concurrencyLine(), other])
      await take('b')
      expect(await store.release(report)).toEqual([alice, address])
      expect([await held(), await held(other)]).toEqual([1, 0])
      expect(await store.release(report)).toEqual([])
      await store.report({ ...report, state: 'open' })
      expect([await held(), await held(other)]).toEqual([1, 0])
    })

    it('leaves what is booked as it is when it is released, and so does the final report', async () => {
      const { harness, store, used, warm } = fixture()
      await warm()
      const request = spendRequest({ id: 'a', lines: [concurrencyLine(), quotaLine()] })
      const report = reportOf(request, await store.spend(request))
      await store.release(report)
      expect(await used()).toBe(1_000)
      expect(await store.report({ ...report, amounts: amounts({ credits: 300 }) })).toBe('booked')
      expect(await used()).toBe(300)
      await harness.setNow(startMs + 60_001)
      expect(await store.expire({ countMax: 9, notAfterMs: startMs + 70_000, brokeAtMs: startMs })).toBe(0)
    })

    it('is none of a reservation that nobody made, has none, or is at its end', async () => {
      const { store } = fixture()
      const without = await take('a', [])
      const ended = await take('b')
      await take('c')
      await store.report(ended)
      const partitions = without.partitions
      for (const id of ['a', 'b', 'd e']) expect(await store.release({ id, partitions })).toEqual([])
      expect(await held()).toBe(1)
    })

    it('is due as before after its release', async () => {
      const { harness, store } = fixture()
      await store.release(await take('a'))
      await harness.setNow(startMs + 60_000)
      const sweep = { countMax: 9, notAfterMs: startMs + 60_000, brokeAtMs: Number.POSITIVE_INFINITY }
      expect(await store.expire(sweep)).toBe(2)
    })

    it('is free when its reservation expires', async () => {
      const { harness, store } = fixture()
      const long = concurrencyLine({ slotMs: 600_000 })
      await take('a', [long])
      await harness.setNow(startMs + 60_000)
      expect(await held(long)).toBe(1)
      await store.expire({ countMax: 9, notAfterMs: startMs + 60_000, brokeAtMs: Number.POSITIVE_INFINITY })
      expect(await held(long)).toBe(0)
    })

    it('lets 200 requests through a cap of one, one after the other', async () => {
      const line = concurrencyLine({ amount: 1 })
      for (let index = 0; index < 200; index += 1) {
        const report = await take(`s${index}`, [line])
        expect(await fixture().store.report(report)).toBe('booked')
      }
    })

    it('is taken, past the amount, under a cap that is not enforced', async () => {
      for (const id of ['a', 'b', 'c']) await take(id, [concurrencyLine({ enforced: false })])
      expect(await held()).toBe(3)
      // Lowered, or passed in shadow: so many must end that it fits.
      expect(await refused('d', concurrencyLine({ amount: 1 }))).toMatchObject({
        kind: 'refused',
        retryAfterMs: slotMs,
      })
    })

    it('waits for as many ends as a lowered cap needs', async () => {
      const { harness } = fixture()
      for (const [index, id] of ['a', 'b', 'c'].entries()) {
        await harness.setNow(startMs + index * 100)
        await take(id, [concurrencyLine({ amount: 3 })])
      }
      for (const [amount, waitMs] of [
        [3, slotMs - 200],
        [2, slotMs - 100],
        [1, slotMs],
      ] as const) {
        expect(await refused('d', concurrencyLine({ amount }))).toMatchObject({ retryAfterMs: waitMs })
      }
    })

    it('can never be had under a cap of 0', async () => {
      expect(await refused('a', concurrencyLine({ amount: 0 }))).toMatchObject({ retryAfterMs: 'never' })
    })

    it('belongs to its subject and surface', async () => {
      await take('a', [concurrencyLine(), concurrencyLine({ subject: address, surface: 'any' })])
      expect(await held()).toBe(1)
      expect(await held(concurrencyLine({ surface: 'any' }))).toBe(0)
      expect(await held(concurrencyLine({ subject: research }))).toBe(0)
      expect(await held(concurrencyLine({ subject: address, surface: 'any' }))).toBe(1)
    })
  })
}
