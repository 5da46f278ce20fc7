import { describe, expect, it } from 'vitest'
import { StoreClock } from '../../../src/redis/store-clock.ts'

describe('StoreClock', () => {
  it('follows the store as closely as a reply can tell', () => {
    let localMs = 1_000
    const clock = new StoreClock(() => localMs)
    localMs = 1_010
    clock.learn(51_005, 1_000)
    // The store showed 51,005 somewhere between 1,000 and 1,010: its offset is 49,995 to 50,006.
    expect(clock.nowMs()).toBe(1_010 + 49_995)
    localMs = 1_020
    clock.learn(51_020, 1_020)
    expect(clock.nowMs()).toBe(51_020)
  })

  it('is not moved by a slow reply that agrees with what is known', () => {
    let localMs = 5_000
    const clock = new StoreClock(() => localMs)
    clock.learn(5_100, 5_000)
    localMs = 6_000
    clock.learn(5_600, 5_000)
    expect(clock.nowMs()).toBe(6_100)
  })

  it('tells a clock that was set back by more than 5 s', () => {
    const clock = new StoreClock(() => 0)
    expect(clock.learn(100_000, 0)).toBe(true)
    expect(clock.learn(95_000, 0)).toBe(true)
    expect(clock.learn(94_999, 0)).toBe(false)
    expect(clock.learn(94_999, 0)).toBe(true)
  })
})
