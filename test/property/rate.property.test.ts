import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chargedRate, debtAt, debtMax, type Rate, type RateState, rateWaitMs } from '../../src/core/rate.ts'
import { debtGivenBack, type TakenDebt } from '../../src/core/taken-debt.ts'

const capacityMax = 2 ** 52
const periodMs = fc.oneof(
  fc.constantFrom(1, 7, 1_000, 60_000, 3_599_999, 3_600_000),
  fc.integer({ min: 1, max: 3_600_000 }),
)
const amount = fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))

// Evenly spread: doubles that are drawn lie next to 0 almost always.
const shareOf = (most: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: 1_000 }).map((n) => (n * most) / 1_000)

/** Any rate the CHECKs allow, up to burst × period = 2^52. */
const rates: fc.Arbitrary<Rate> = fc.tuple(periodMs, amount, shareOf(1)).map(
  ([period, perPeriod, share]): Rate => ({
    amount: perPeriod,
    periodMs: period,
    burst: Math.max(1, Math.floor(Math.floor(capacityMax / period) * share ** 8)),
  }),
)
const takes = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 10 ** 12 })),
    share: shareOf(1.2),
  }),
  { maxLength: 12 },
)

/** The same bucket in numbers without end. */
function exactWait(debt: bigint, rate: Rate, hits: number): bigint | 'never' {
  const capacity = BigInt(rate.burst) * BigInt(rate.periodMs)
  const cost = BigInt(hits) * BigInt(rate.periodMs)
  if (hits === 0 || debt + cost <= capacity) return 0n
  if (cost > capacity) return 'never'
  return (debt + cost - capacity + BigInt(rate.amount) - 1n) / BigInt(rate.amount)
}

describe('a rate', () => {
  it('keeps its debt and waits exactly, at the largest figures', () => {
    fc.assert(
      fc.property(rates, takes, (rate, history) => {
        let state: RateState | undefined
        let exact = 0n
        let nowMs = 1_800_000_000_000
        for (const take of history) {
          nowMs += take.waitMs
          const leaked = exact - BigInt(take.waitMs) * BigInt(rate.amount)
          exact = leaked > 0n ? leaked : 0n
          const debt = debtAt(state, rate, nowMs)
          expect(BigInt(debt)).toBe(exact)
          const hits = Math.floor(rate.burst * take.share)
          const waitMs = rateWaitMs(debt, rate, hits)
          expect(waitMs === 'never' ? waitMs : BigInt(waitMs)).toBe(exactWait(exact, rate, hits))
          if (waitMs !== 0) continue
          state = chargedRate(state, rate, { key: 'k', debt, hits, nowMs })
          exact += BigInt(hits) * BigInt(rate.periodMs)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('tells a wait that is enough, and one millisecond less is not', () => {
    fc.assert(
      fc.property(rates, shareOf(1), (rate, share) => {
        const nowMs = 1_800_000_000_000
        const state = chargedRate(undefined, rate, { key: 'k', debt: 0, hits: rate.burst, nowMs })
        const hits = Math.max(1, Math.floor(rate.burst * share))
        const waitMs = rateWaitMs(debtAt(state, rate, nowMs), rate, hits)
        if (waitMs === 'never') throw new Error('A burst always fits some time')
        expect(rateWaitMs(debtAt(state, rate, nowMs + waitMs), rate, hits)).toBe(0)
        expect(rateWaitMs(debtAt(state, rate, nowMs + waitMs - 1), rate, hits)).not.toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  it('rounds a debt up, to at most the new capacity, when its period changes', () => {
    fc.assert(
      fc.property(rates, rates, shareOf(1), (before, after, share) => {
        const nowMs = 1_800_000_000_000
        const hits = Math.floor(before.burst * share)
        const state = chargedRate(undefined, before, { key: 'k', debt: 0, hits, nowMs })
        const period = BigInt(before.periodMs)
        const converted = (BigInt(state.debt) * BigInt(after.periodMs) + period - 1n) / period
        const capacity = BigInt(after.burst) * BigInt(after.periodMs)
        const expected =
          before.periodMs === after.periodMs ? BigInt(state.debt) : converted < capacity ? converted : capacity
        expect(BigInt(debtAt(state, after, nowMs))).toBe(hits === 0 ? 0n : expected)
      }),
      { numRuns: 500 },
    )
  })

  it('gives back so much that it stands as if the caller had never come, or higher where later hits kept it from emptying', () => {
    fc.assert(
      fc.property(rates, fc.tuple(takes, takes), shareOf(1), (rate, history, share) => {
        const [before, after] = history
        let nowMs = 1_800_000_000_000
        let state: RateState | undefined
        let without = 0n
        const cost = (hits: number): bigint => BigInt(hits) * BigInt(rate.periodMs)
        const wait = (ms: number): void => {
          nowMs += ms
          const leaked = without - BigInt(ms) * BigInt(rate.amount)
          without = leaked > 0n ? leaked : 0n
        }
        const take = (hits: number): TakenDebt | undefined => {
          const debt = debtAt(state, rate, nowMs)
          if (debt + hits * rate.periodMs > debtMax || hits === 0) return undefined
          state = chargedRate(state, rate, { key: 'k', debt, hits, nowMs })
          return { key: 'k', taken: state.debt - debt, debt: state.debt, periodMs: rate.periodMs, amount: rate.amount }
        }
        for (const one of before) {
          wait(one.waitMs)
          const hits = Math.floor(rate.burst * one.share)
          if (take(hits) !== undefined) without += cost(hits)
        }
        const takenAtMs = nowMs
        const taken = take(Math.floor(rate.burst * share))
        if (taken === undefined) return
        let laterHits = 0
        for (const one of after.slice(0, 3)) {
          wait(one.waitMs)
          const hits = Math.floor((rate.burst * one.share) / 4)
          if (take(hits) === undefined) continue
          laterHits += hits
          without += cost(hits)
        }
        if (state === undefined) return
        const left = BigInt(debtAt(debtGivenBack(state, taken, nowMs - takenAtMs), rate, nowMs))
        if (laterHits === 0) expect(left).toBe(without)
        else expect(left >= without).toBe(true)
        expect(left <= BigInt(debtAt(state, rate, nowMs))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
