import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crossedLevels, isReached } from '../../src/core/alert-levels.ts'

const count = fc.maxSafeNat()
/** Amounts around which a level lies. */
const near = fc.tuple(count, fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: -2, max: 2 }))
const percents = fc
  .uniqueArray(fc.integer({ min: 1, max: 1_000 }), { maxLength: 10 })
  .map((list) => list.sort((left, right) => left - right))

const reachedByModel = (used: number, amount: number, percent: number) =>
  amount > 0 && BigInt(used) * 100n >= BigInt(amount) * BigInt(percent)

test('isReached() agrees with whole numbers without bound, at the edges too', () => {
  fc.assert(
    fc.property(near, ([amount, percent, off]) => {
      const edge = Number((BigInt(amount) * BigInt(percent)) / 100n) + off
      const used = Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, edge))
      expect(isReached({ used, amount }, percent)).toBe(reachedByModel(used, amount, percent))
    }),
    { numRuns: 1_000 },
  )
})

test('whatever the steps, each level is written once until a raise ends it, and only the highest of a step is told', () => {
  const step = fc.record({ used: fc.integer({ min: 0, max: 400 }), amount: fc.integer({ min: 0, max: 200 }) })
  fc.assert(
    fc.property(percents, fc.array(step, { maxLength: 20 }), (levels, steps) => {
      const standing = new Map<number, number>()
      for (const { used, amount } of steps) {
        const before = [...standing.values()].reduce((least, one) => Math.min(least, one), amount)
        const reached = levels.filter((percent) => reachedByModel(used, amount, percent))
        const stood = [...standing.keys()]
        const crossed = crossedLevels({ used, amount, amountBefore: before, percents: levels, standing: stood })
        const written = [...crossed.skipped, ...(crossed.told === undefined ? [] : [crossed.told])]
        expect(new Set(written)).toEqual(new Set(reached.filter((percent) => !standing.has(percent))))
        if (crossed.told !== undefined) expect(crossed.told).toBeGreaterThan(Math.max(0, ...stood, ...crossed.skipped))
        for (const percent of crossed.recovered) {
          expect(amount).toBeGreaterThan(before)
          expect(reachedByModel(used, amount, percent)).toBe(false)
          standing.delete(percent)
        }
        for (const percent of written) standing.set(percent, amount)
      }
    }),
  )
})
