import { describe, expect, test } from 'vitest'
import { forecastOf } from '../../../src/core/forecast.ts'

describe('forecastOf()', () => {
  const hourMs = 3_600_000
  const day = { startMs: 0, endMs: 24 * hourMs, amount: 1_000 }
  /** With `late` of it in the last half hour. */
  const forecast = (used: number, nowMs: number, late: number) =>
    forecastOf({ ...day, used, before: { sinceMs: nowMs - hourMs / 2, used: used - late } }, nowMs)

  test('says when the amount is used up at the pace so far, or at that of the last half hour if that is sooner', () => {
    expect(forecast(600, 6 * hourMs, 50)).toBe(10 * hourMs)
    expect(forecast(600, 6 * hourMs, 20)).toBe(10 * hourMs)
    expect(forecast(600, 6 * hourMs, 100)).toBe(8 * hourMs)
    expect(forecast(799, 18 * hourMs, 20)).toBe(18 * hourMs + Math.floor((201 * 18 * hourMs) / 799))
  })

  test.each([
    ['less than half is used', { used: 499, nowMs: 6 * hourMs, late: 42 }],
    ['so much is used that levels tell of it', { used: 800, nowMs: 12 * hourMs, late: 33 }],
    ['all of it is used', { used: 1_000, nowMs: 12 * hourMs, late: 42 }],
    ['less than a tenth of the window has passed', { used: 700, nowMs: 2.4 * hourMs - 1, late: 146 }],
    ['it lasts to the end of the window', { used: 500, nowMs: 12 * hourMs, late: 20 }],
    ['the window has not begun', { used: 700, nowMs: -1, late: 10 }],
    ['the last half hour was more than three times as fast', { used: 600, nowMs: 6 * hourMs, late: 151 }],
    ['the last half hour was less than a third as fast', { used: 600, nowMs: 6 * hourMs, late: 16 }],
    ['nothing was used in the last half hour', { used: 600, nowMs: 6 * hourMs, late: 0 }],
    ['something was taken back in the last half hour', { used: 600, nowMs: 6 * hourMs, late: -50 }],
  ])('says nothing when %s', (_, { used, nowMs, late }) => {
    expect(forecast(used, nowMs, late)).toBeUndefined()
  })

  test('says something as long as the last half hour was up to three times as fast, or down to a third', () => {
    expect(forecast(600, 6 * hourMs, 150)).toBe(6 * hourMs + (400 * hourMs) / 300)
    expect(forecast(600, 6 * hourMs, 17)).toBe(10 * hourMs)
  })

  test('says nothing while the last half hour is not known', () => {
    expect(forecastOf({ ...day, used: 600, before: undefined }, 6 * hourMs)).toBeUndefined()
    const unknown = { sinceMs: 6 * hourMs, used: 500 }
    expect(forecastOf({ ...day, used: 600, before: unknown }, 6 * hourMs)).toBeUndefined()
  })

  test('waits for ten minutes of an hour', () => {
    const hour = { startMs: 0, endMs: hourMs, amount: 1_000, used: 600, before: { sinceMs: 0, used: 0 } }
    expect(forecastOf(hour, 599_999)).toBeUndefined()
    expect(forecastOf(hour, 600_000)).toBe(1_000_000)
  })

  test('is exact at the largest amounts', () => {
    const amount = Number.MAX_SAFE_INTEGER
    const used = 2 ** 52 + 2 ** 51
    const before = { sinceMs: 0, used: 0 }
    expect(forecastOf({ ...day, amount, used, before }, 6 * hourMs)).toBe(8 * hourMs - 1)
  })
})
