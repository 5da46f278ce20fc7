import { describe, expect, it } from 'vitest'
import type { Report } from '../../src/core/charge.ts'
import type { RateLine } from '../../src/core/limit.ts'
import { alice, amounts, rateLine, reportOf, research, spendRequest, startMs } from '../support/spend-harness.ts'
import type { StoreFixture } from '../support/store-fixture.ts'

/** One hit each 100 ms, two at once, held at most 300 ms. */
const paced = (some: Partial<RateLine> = {}): RateLine => rateLine({ burst: 2, paceMsMax: 300, ...some })

/** What every store promises about rates that are taken ahead of their time. */
export function paceSuite(fixture: () => StoreFixture): void {
  describe('a paced rate', () => {
    const spend = (id: string, lines: readonly RateLine[] = [paced()]) =>
      fixture().store.spend(spendRequest({ id, lines, subjects: [alice], estimate: amounts({}) }))
    const taken = async (id: string, lines: readonly RateLine[] = [paced()]): Promise<Report> => {
      const request = spendRequest({ id, lines, subjects: [alice], estimate: amounts({}) })
      return reportOf(request, await fixture().store.spend(request))
    }
    const debt = async (line = paced()): Promise<unknown> => {
      const answer = await fixture().store.peek([{ ...line, hits: 0 }])
      const state = answer.kind === 'seen' ? answer.states[0] : undefined
      return state?.kind === 'rate' ? state.debt : answer
    }
    const refund = (report: Report, nowMs = startMs) =>
      fixture().store.report({ ...report, outcome: 'undelivered', notAfterMs: nowMs })

    it('takes ahead of its time, says how long to hold, and refuses with the exact wait beyond that', async () => {
      const pauses = [0, 0, 100, 200, 300]
      for (const [index, paceMs] of pauses.entries()) {
        expect(await spend(`p${index}`)).toMatchObject({ kind: 'taken', paceMs, states: [{ fits: paceMs === 0 }] })
      }
      expect(await debt()).toBe(5_000)
      expect(await spend('p5')).toMatchObject({ kind: 'refused', retryAfterMs: 400, states: [{ debt: 5_000 }] })
      expect(await debt()).toBe(5_000)
    })

    it('never takes what can never fit, what would overflow its debt, nor a line that may not be held', async () => {
      expect(await spend('a', [paced({ hits: 3 })])).toMatchObject({ kind: 'refused', retryAfterMs: 'never' })
      const huge = paced({ limit: 'huge', periodMs: 1, burst: 2 ** 52, amount: 2 ** 52, hits: 2 ** 52 })
      expect(await spend('b', [huge])).toMatchObject({ kind: 'taken', paceMs: 0 })
      expect(await spend('c', [huge])).toMatchObject({ kind: 'refused', retryAfterMs: 1 })
      await spend('d', [paced({ hits: 2 })])
      expect(await spend('e', [paced({ paceMsMax: 0 })])).toMatchObject({ kind: 'refused', retryAfterMs: 100 })
    })

    it('answers the longest of several waits, and none for a line that is not enforced', async () => {
      const lines = [
        paced({ hits: 2 }),
        paced({ limit: 'other', hits: 2, amount: 5 }),
        paced({ limit: 'third', hits: 2 }),
      ]
      expect(await spend('a', lines)).toMatchObject({ kind: 'taken', paceMs: 0 })
      expect(
        await spend(
          'b',
          lines.map((line) => ({ ...line, hits: 1 })),
        ),
      ).toMatchObject({ paceMs: 200 })
      expect(await spend('c', [paced({ enforced: false })])).toMatchObject({ kind: 'taken', paceMs: 0 })
    })

    it('takes nothing when another line refuses', async () => {
      await spend('a', [paced({ hits: 2 })])
      const lines = [paced(), rateLine({ limit: 'strict', hits: 9 })]
      expect(await spend('b', lines)).toMatchObject({ kind: 'refused', line: 1, retryAfterMs: 'never' })
      expect(await debt()).toBe(2_000)
    })

    it('answers a repetition as the first: same instant, same pace', async () => {
      const { harness } = fixture()
      await spend('a', [paced({ hits: 2 })])
      expect(await spend('b')).toMatchObject({ at: startMs, paceMs: 100 })
      await harness.setNow(startMs + 40)
      expect(await spend('b')).toMatchObject({ at: startMs, paceMs: 100, states: [{ debt: 2_600 }] })
      expect(await spend('a', [paced({ hits: 2 })])).toMatchObject({ at: startMs, paceMs: 0 })
    })

    it('gets its debt back from a caller who leaves, once', async () => {
      await spend('a', [paced({ hits: 2 })])
      const report = await taken('b')
      expect(await debt()).toBe(3_000)
      await refund(report)
      expect(await debt()).toBe(2_000)
      await refund(report)
      expect(await debt()).toBe(2_000)
    })

    it('gets nothing back from an outcome, nor from a caller who was not held', async () => {
      const { store } = fixture()
      const first = await taken('a', [paced({ hits: 2 })])
      await store.report({ ...(await taken('b')), amounts: amounts({}), outcome: 'not_modified' })
      expect(await debt()).toBe(3_000)
      await refund(first)
      expect(await debt()).toBe(3_000)
    })

    it('gets back no more than has not leaked yet, so that later hits stay', async () => {
      const { harness } = fixture()
      await spend('a', [paced({ hits: 2 })])
      const left = await taken('b')
      await harness.setNow(startMs + 250)
      // Of the 3,000 it left, 500 have not leaked.
      expect(await debt()).toBe(500)
      await spend('c')
      expect(await debt()).toBe(1_500)
      await refund(left, startMs + 250)
      expect(await debt()).toBe(1_000)
    })

    it('gets back nothing once all has leaked', async () => {
      const { harness } = fixture()
      await spend('a', [paced({ hits: 2 })])
      const left = await taken('b')
      await harness.setNow(startMs + 1_000)
      await spend('c')
      await refund(left, startMs + 1_000)
      expect(await debt()).toBe(1_000)
    })

    it('gets a part of a hit back rounded down', async () => {
      const { harness } = fixture()
      await spend('a', [paced({ hits: 2 })])
      const left = await taken('b')
      await harness.setNow(startMs + 250)
      const longer = paced({ periodMs: 1_001, burst: 9 })
      await spend('c', [longer])
      expect(await debt(longer)).toBe(3_003 - 2_500 + 1_001)
      // 500 thousandths of a hit are left of it, which are 500.5 in the new period.
      await refund(left, startMs + 250)
      expect(await debt(longer)).toBe(1_504 - 500)
    })

    it('gets its debt back in the period it has by then, on every rate of the partition that was paced', async () => {
      const other = paced({ limit: 'other', subject: research, burst: 9 })
      await spend('a', [paced({ hits: 2 })])
      const left = await taken('b', [paced(), other])
      const longer = paced({ periodMs: 1_500, burst: 9 })
      await spend('c', [longer])
      expect(await debt(longer)).toBe(6_000)
      expect(await debt(other)).toBe(1_000)
      await refund(left)
      expect(await debt(longer)).toBe(4_500)
      expect(await debt(other)).toBe(0)
    })
  })
}
