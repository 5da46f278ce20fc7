import { describe, expect, it } from 'vitest'
import { Breaker } from '../../../src/redis/breaker.ts'

describe('Breaker', () => {
  it('opens after one time-out, admits one probe after 100 ms and closes when that is answered', () => {
    const breaker = new Breaker()
    expect(breaker.admits(0)).toBe(true)
    breaker.failed(10, { timedOut: true })
    expect([10, 109].map((ms) => breaker.admits(ms))).toEqual([false, false])
    expect([110, 110, 500].map((ms) => breaker.admits(ms))).toEqual([true, false, false])
    breaker.succeeded()
    expect(breaker.isOpen).toBe(false)
    expect(breaker.admits(500)).toBe(true)
  })

  it('opens after three failures in a row, not after two and a success', () => {
    const breaker = new Breaker()
    for (const outcome of ['failed', 'failed', 'succeeded', 'failed', 'failed']) {
      if (outcome === 'failed') breaker.failed(0, { timedOut: false })
      else breaker.succeeded()
    }
    expect(breaker.admits(0)).toBe(true)
    breaker.failed(0, { timedOut: false })
    expect(breaker.admits(0)).toBe(false)
  })

  it('stays open for another 100 ms when its probe fails', () => {
    const breaker = new Breaker()
    breaker.failed(0, { timedOut: true })
    expect(breaker.admits(100)).toBe(true)
    breaker.failed(160, { timedOut: false })
    expect([200, 259, 260].map((ms) => breaker.admits(ms))).toEqual([false, false, true])
  })

  it('is not held open by a clock that was set back', () => {
    const breaker = new Breaker()
    breaker.failed(1_000_000, { timedOut: true })
    expect(breaker.admits(5)).toBe(true)
  })
})
