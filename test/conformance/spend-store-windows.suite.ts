import { describe, expect, it } from 'vitest'
import type { QuotaLine, TimeRange } from '../../src/core/limit.ts'
import { alice, counterOf, quotaLine, reportOf, seedOf, spendRequest, startMs } from '../support/spend-harness.ts'
import type { StoreFixture } from '../support/store-fixture.ts'

const dayMs = 24 * 3_600_000
const timeZone = 'America/Argentina/Buenos_Aires'
/** Three hours behind UTC, without daylight saving. 2026-11-22 is a Sunday. */
const localMs = (month: number, day: number): number => Date.UTC(2026, month - 1, day, 3)
const range = (startMs: number, endMs: number): TimeRange => ({ startMs, endMs })

const day = (of: number): QuotaLine =>
  quotaLine({
    ...{ limit: 'daily', window: 'day', timeZone },
    current: range(localMs(11, of), localMs(11, of) + dayMs),
    next: range(localMs(11, of) + dayMs, localMs(11, of) + 2 * dayMs),
  })
const week: QuotaLine = quotaLine({
  ...{ limit: 'weekly', window: 'week_sun', timeZone },
  current: range(localMs(11, 22), localMs(11, 29)),
  next: range(localMs(11, 29), localMs(12, 6)),
})
const month: QuotaLine = quotaLine({
  ...{ limit: 'monthly', window: 'month', timeZone },
  current: range(localMs(11, 1), localMs(12, 1)),
  next: range(localMs(12, 1), localMs(13, 1)),
})

/** What every store promises about calendar windows of several kinds that one subject has. */
export function windowSuite(fixture: () => StoreFixture): void {
  describe('a day, a week that begins on Sunday and a month of one subject', () => {
    const used = async (today: QuotaLine): Promise<readonly unknown[]> => {
      const answer = await fixture().store.peek([today, week, month].map((line) => ({ ...line, hits: 0 })))
      if (answer.kind !== 'seen') return [answer.kind]
      return answer.states.map((state) => (state.kind === 'quota' ? state.used : state.kind))
    }
    const warmAll = async (): Promise<void> => {
      for (const [line, figure] of [
        [day(22), 1],
        [week, 10],
        [month, 100],
      ] as const) {
        const { store } = fixture()
        expect(await store.seed(await seedOf(store, alice, [counterOf(line, figure)]))).toBe('seeded')
      }
    }

    it('are counters of their own that move together and roll each at its own time', async () => {
      const { harness, store } = fixture()
      await warmAll()
      const spend = (id: string, today: QuotaLine) => store.spend(spendRequest({ id, lines: [today, week, month] }))
      expect(await spend('a', day(22))).toMatchObject({
        kind: 'taken',
        states: [
          { used: 1_001, window: day(22).current },
          { used: 1_010, window: week.current },
          { used: 1_100, window: month.current },
        ],
      })
      await harness.setNow(localMs(11, 23))
      expect(await spend('b', day(23))).toMatchObject({ states: [{ used: 1_000 }, { used: 2_010 }, { used: 2_100 }] })
      await harness.setNow(localMs(11, 29))
      // The day's counter passed more than 48 hours ago.
      expect(await used(day(29))).toEqual(['cold', 0, 2_100])
      await store.spend(spendRequest({ id: 'c', lines: [week, month] }))
      await harness.setNow(localMs(12, 1))
      expect(await used(day(31))).toEqual(['cold', 1_000, 0])
    })

    it('wait for their own ends', async () => {
      const { store } = fixture()
      await warmAll()
      const waits = await Promise.all(
        [day(22), week, month].map((line) =>
          store.spend(spendRequest({ id: line.limit, lines: [{ ...line, amount: 1_000 }] })),
        ),
      )
      expect(waits).toMatchObject([
        { retryAfterMs: localMs(11, 23) - startMs },
        { retryAfterMs: localMs(11, 29) - startMs },
        { retryAfterMs: localMs(12, 1) - startMs },
      ])
    })

    it('are told by a stale subject as what they are', async () => {
      const { store } = fixture()
      await warmAll()
      const request = spendRequest({ id: 'a' })
      const report = reportOf(request, await store.spend(request))
      expect(await store.report({ ...report, id: 'lost' })).toBe('unrecorded')
      const stale = (await store.stale(10)).find(({ subject }) => subject.id === 'alice')
      expect(
        stale?.counters.map(({ window, timeZone: zone, startMs, endMs }) => ({ window, zone, startMs, endMs })),
      ).toEqual([
        { window: 'day', zone: timeZone, ...day(22).current },
        { window: 'week_sun', zone: timeZone, ...week.current },
        { window: 'month', zone: timeZone, ...month.current },
      ])
    })
  })
}
