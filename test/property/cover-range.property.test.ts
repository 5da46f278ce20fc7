import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coverRange } from '../../src/usage/cover-range.ts'

const hourMs = 3_600_000
const fromMs = Date.UTC(2024, 0, 1)
const hours = 3 * 366 * 24

test('coverRange() adds up to every hour of the range once, to no other hour, by whole units and few of them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: hours - 1 }), fc.integer({ min: 1, max: 400 * 24 }), (start, length) => {
      const range = { sinceMs: fromMs + start * hourMs, untilMs: fromMs + (start + length) * hourMs }
      const times = new Map<number, number>()
      for (const { source, sinceMs, untilMs, sign } of coverRange(range)) {
        for (const ms of [sinceMs, untilMs]) {
          const date = new Date(ms)
          if (source !== 'hour') expect(date.getUTCHours()).toBe(0)
          if (source === 'month') expect(date.getUTCDate()).toBe(1)
        }
        for (let ms = sinceMs; ms < untilMs; ms += hourMs) times.set(ms, (times.get(ms) ?? 0) + sign)
      }
      for (const [ms, count] of times) expect(count).toBe(ms >= range.sinceMs && ms < range.untilMs ? 1 : 0)
      for (let ms = range.sinceMs; ms < range.untilMs; ms += hourMs) expect(times.get(ms)).toBe(1)
      const single = coverRange(range).filter(({ source }) => source !== 'month')
      const units = (source: string, ms: number) =>
        single.filter((part) => part.source === source).reduce((sum, one) => sum + (one.untilMs - one.sinceMs) / ms, 0)
      expect(units('hour', hourMs)).toBeLessThanOrEqual(28)
      expect(units('day', 24 * hourMs)).toBeLessThanOrEqual(34)
    }),
    { numRuns: 50 },
  )
})
