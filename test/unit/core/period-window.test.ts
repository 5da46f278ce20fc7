import { describe, expect, test } from 'vitest'
import type { Period, RateUnit } from '../../../src/core/descriptor-rule.ts'
import { createPeriodMemo, periodMsOf, periodWindow } from '../../../src/core/period-window.ts'

/** Start, end and end of the next one, as ISO texts. */
function shown(period: Period, at: string): readonly string[] {
  const { startMs, endMs, nextEndMs } = periodWindow(period, Date.parse(at), createPeriodMemo())
  return [startMs, endMs, nextEndMs].map((ms) => new Date(ms).toISOString().replace(':00.000Z', 'Z'))
}
const of = (unit: RateUnit, timeZone?: string, units = 1): Period => ({ unit, units, ...(timeZone && { timeZone }) })

describe('without a zone, periods of fixed length since 1970', () => {
  test.each([
    [of('second'), '2026-11-22T12:00:30.500Z', 1_000],
    [of('minute', undefined, 5), '2026-11-22T12:07Z', 300_000],
    [of('day'), '2026-11-22T12:07Z', 86_400_000],
    [of('week'), '2026-11-22T12:07Z', 7 * 86_400_000],
    [of('month'), '2026-11-22T12:07Z', 30 * 86_400_000],
    [of('year'), '2026-11-22T12:07Z', 365 * 86_400_000],
  ])('%j at %s', (period, at, lengthMs) => {
    const { startMs, endMs, nextEndMs } = periodWindow(period, Date.parse(at), createPeriodMemo())
    expect([startMs % lengthMs, endMs - startMs, nextEndMs - endMs]).toEqual([0, lengthMs, lengthMs])
    expect(periodMsOf(period)).toBe(lengthMs)
  })

  test('a week begins on Thursday, as 1970 did', () => {
    expect(shown(of('week'), '2026-11-22T12:00Z')[0]).toBe('2026-11-19T00:00Z')
  })
})

describe('with a zone, periods of its calendar', () => {
  test.each([
    [
      'a minute',
      of('minute', 'Asia/Kathmandu'),
      '2026-11-22T12:00:30Z',
      ['2026-11-22T12:00Z', '2026-11-22T12:01Z', '2026-11-22T12:02Z'],
    ],
    [
      'an hour beside whole ones',
      of('hour', 'Asia/Kathmandu'),
      '2026-11-22T12:00Z',
      ['2026-11-22T11:15Z', '2026-11-22T12:15Z', '2026-11-22T13:15Z'],
    ],
    [
      'a day of 23 hours',
      of('day', 'Europe/Berlin'),
      '2026-03-29T12:00Z',
      ['2026-03-28T23:00Z', '2026-03-29T22:00Z', '2026-03-30T22:00Z'],
    ],
    [
      'a day of 25 hours',
      of('day', 'Europe/Berlin'),
      '2026-10-25T12:00Z',
      ['2026-10-24T22:00Z', '2026-10-25T23:00Z', '2026-10-26T23:00Z'],
    ],
    [
      'a week from Monday',
      of('week', 'Asia/Shanghai'),
      '2026-11-22T12:00Z',
      ['2026-11-15T16:00Z', '2026-11-22T16:00Z', '2026-11-29T16:00Z'],
    ],
    [
      'a short month',
      of('month', 'UTC'),
      '2027-02-28T23:59Z',
      ['2027-02-01T00:00Z', '2027-03-01T00:00Z', '2027-04-01T00:00Z'],
    ],
    [
      'a year',
      of('year', 'America/New_York'),
      '2027-01-01T04:59Z',
      ['2026-01-01T05:00Z', '2027-01-01T05:00Z', '2028-01-01T05:00Z'],
    ],
    [
      'a leap year',
      of('year', 'UTC'),
      '2028-06-01T00:00Z',
      ['2028-01-01T00:00Z', '2029-01-01T00:00Z', '2030-01-01T00:00Z'],
    ],
  ])('%s', (...[, period, at, expected]) => {
    expect(shown(period, at)).toEqual(expected)
  })

  test('are the right ones with a memo that has seen earlier and later instants', () => {
    const memo = createPeriodMemo()
    const period = of('day', 'UTC')
    const startOf = (at: string) => new Date(periodWindow(period, Date.parse(at), memo).startMs).toISOString()
    const days = ['2026-11-22', '2026-11-23', '2026-11-21', '2026-11-21']
    expect(days.map((day) => startOf(`${day}T12:00Z`))).toEqual(days.map((day) => `${day}T00:00:00.000Z`))
  })

  test('an unknown zone is a RangeError', () => {
    expect(() => shown(of('day', 'Nowhere/Else'), '2026-11-22T12:00Z')).toThrow(RangeError)
  })
})
