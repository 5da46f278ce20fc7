import fc from 'fast-check'
import { expect, test } from 'vitest'
import { costMilli } from '../../src/core/cost.ts'
import { creditsOfMilli, milliOfCredits } from '../../src/core/credits.ts'
import type { PriceTier } from '../../src/core/price.ts'

const safe = fc.maxSafeNat()
/** Large enough for the product with any byte count to pass 2^53. */
const milliPerMb = fc.oneof(fc.nat(10_000), fc.maxSafeNat())
const tiers = fc
  .tuple(
    fc.uniqueArray(
      fc.oneof(fc.integer({ min: 1, max: 200_000_000 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
      { maxLength: 6 },
    ),
    fc.array(milliPerMb, { minLength: 7, maxLength: 7 }),
  )
  .map(([starts, costs]): readonly PriceTier[] =>
    [0, ...starts.toSorted((left, right) => left - right)].map((fromBytes, index) => ({
      fromBytes,
      milliPerMb: costs[index] ?? 0,
    })),
  )
const bytes = fc.oneof(fc.nat(300_000_000), safe)

/** The tax table in BigInt, tier by tier: the definition. */
function exact(baseMilli: number, table: readonly PriceTier[], sent: number): bigint {
  let total = 0n
  for (const [index, { fromBytes, milliPerMb: cost }] of table.entries()) {
    const end = Math.min(sent, table[index + 1]?.fromBytes ?? sent)
    if (end > fromBytes) total += BigInt(end - fromBytes) * BigInt(cost)
  }
  return BigInt(baseMilli) + (total + 999_999n) / 1_000_000n
}

test('costMilli() is the tax table in exact integers, at every size to 2^53', () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(100_000), safe), tiers, bytes, (baseMilli, table, sent) => {
      const milli = costMilli({ baseMilli, tiers: table, charged: 'by_size' }, sent)
      const right = exact(baseMilli, table, sent)
      expect(BigInt(milli)).toBe(right > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : right)
    }),
    { numRuns: 5_000 },
  )
})

test('more bytes never cost less', () => {
  fc.assert(
    fc.property(tiers, bytes, bytes, (table, left, right) => {
      const price = { baseMilli: 0, tiers: table, charged: 'by_size' } as const
      expect(costMilli(price, Math.min(left, right))).toBeLessThanOrEqual(costMilli(price, Math.max(left, right)))
    }),
  )
})

test('millicredits become text and come back, to the last of 2^53', () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (milli) => milliOfCredits(creditsOfMilli(milli)) === milli))
})

test('text becomes millicredits and comes back as PostgreSQL writes numeric(…,3)', () => {
  fc.assert(
    fc.property(fc.nat(9_007_199_254_739), fc.nat(999), (whole, thousandths) => {
      const text = `${whole}.${String(thousandths).padStart(3, '0')}`
      expect(Number(creditsOfMilli(milliOfCredits(text) ?? -1))).toBe(Number(text))
    }),
  )
})
