import { describe, expect, it } from 'vitest'
import { chargedRate, debtAfterLoss, debtAt, rateWaitMs } from '../../../src/core/rate.ts'

const rate = { amount: 10, periodMs: 1_000, burst: 5 }
const nowMs = 1_800_000_000_000
const full = chargedRate(undefined, rate, { key: 'k', debt: 0, hits: 5, nowMs })

describe('debtAt()', () => {
  it('leaks amount per millisecond, down to nothing', () => {
    expect([0, 1, 499, 500, 9_999].map((ms) => debtAt(full, rate, nowMs + ms))).toEqual([5_000, 4_990, 10, 0, 0])
  })

  it('does not leak while the clock stands back', () => {
    expect(debtAt(full, rate, nowMs - 1_000)).toBe(5_000)
  })
})

describe('chargedRate()', () => {
  it('never leaks the same time twice after a small step back of the clock', () => {
    const later = chargedRate(full, rate, { key: 'k', debt: 5_000, hits: 0, nowMs: nowMs - 5_000 })
    expect(later.atMs).toBe(nowMs)
  })

  it('starts from the new time after a jump back of more than 5 s', () => {
    const later = chargedRate(full, rate, { key: 'k', debt: 5_000, hits: 0, nowMs: nowMs - 5_001 })
    expect(later.atMs).toBe(nowMs - 5_001)
  })

  it('keeps no more debt than 2^52', () => {
    const taken = { key: 'k', debt: 2 ** 52, hits: Number.MAX_SAFE_INTEGER, nowMs }
    expect(chargedRate(undefined, rate, taken).debt).toBe(2 ** 52)
  })
})

describe('rateWaitMs()', () => {
  it('is 0 for what fits, exact for what will, never for what cannot', () => {
    expect(rateWaitMs(4_000, rate, 1)).toBe(0)
    expect(rateWaitMs(4_001, rate, 1)).toBe(1)
    expect(rateWaitMs(5_000, rate, 5)).toBe(500)
    expect(rateWaitMs(0, rate, 6)).toBe('never')
    expect(rateWaitMs(9_000, rate, 0)).toBe(0)
  })
})

describe('debtAfterLoss()', () => {
  it('starts half full and leaks from there', () => {
    expect([0, 100, 250, 1_000].map((ms) => debtAfterLoss(rate, ms))).toEqual([2_500, 1_500, 0, 0])
  })
})
