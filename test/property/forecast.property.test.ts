import fc from 'fast-check'
import { expect, test } from 'vitest'
import { forecastOf } from '../../src/core/forecast.ts'

test('forecastOf() answers an instant that is not past and lies before the end, and agrees with whole numbers without bound', () => {
  const share = fc.integer({ min: 0, max: 1_000 })
  fc.assert(
    fc.property(
      fc.tuple(fc.maxSafeNat(), fc.integer({ min: 490, max: 810 }), share),
      fc.tuple(fc.integer({ min: 1, max: 2_678_400_000 }), share, share),
      ([amount, usedOf, beforeOf], [lengthMs, passedOf, sinceOf]) => {
        const part = (whole: number, of: number): number => Number((BigInt(whole) * BigInt(of)) / 1_000n)
        const used = part(amount, usedOf)
        const startMs = Date.UTC(2026, 10, 22)
        const [endMs, passedMs] = [startMs + lengthMs, part(lengthMs - 1, passedOf)]
        const nowMs = startMs + passedMs
        const before = { sinceMs: startMs + part(passedMs, sinceOf), used: part(used, beforeOf) }
        const atMs = forecastOf({ used, amount, startMs, endMs, before }, nowMs)
        const [late, lateMs] = [BigInt(used - before.used), BigInt(nowMs - before.sinceMs)]
        const [all, allMs] = [BigInt(used), BigInt(passedMs)]
        const isMeant = amount > 0 && all * 100n >= BigInt(amount) * 50n && all * 100n < BigInt(amount) * 80n
        if (all === 0n || late <= 0n || lateMs <= 0n) {
          expect(atMs).toBeUndefined()
          return
        }
        const left = BigInt(amount - used)
        const soonest = [(left * allMs) / all, (left * lateMs) / late].sort((one, two) => Number(one - two))[0] ?? 0n
        const isAlike = all * lateMs <= 3n * late * allMs && late * allMs <= 3n * all * lateMs
        const isSaid =
          isMeant && isAlike && passedMs >= 600_000 && passedMs * 10 >= lengthMs && nowMs + Number(soonest) < endMs
        expect(atMs).toBe(isSaid ? nowMs + Number(soonest) : undefined)
      },
    ),
    { numRuns: 1_000 },
  )
})
