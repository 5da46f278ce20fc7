import { describe, expect, test } from 'vitest'
import { planReport } from '../../../src/usage/plan-report.ts'
import type { ReportWish } from '../../../src/usage/report-ports.ts'

const wish = (over: Partial<ReportWish>): ReportWish => ({
  by: [],
  timeZone: 'UTC',
  sinceMs: Date.UTC(2026, 9, 1),
  untilMs: Date.UTC(2026, 10, 1),
  rowsMax: 10,
  ...over,
})
const year = { sinceMs: Date.UTC(2025, 9, 16, 11), untilMs: Date.UTC(2026, 9, 15, 11) }

test('planReport() reads the smallest sums that know what is asked', () => {
  const level = (over: Partial<ReportWish>) => planReport(wish({ ...over, untilMs: Date.UTC(2026, 9, 2) }), []).level
  expect(level({ by: ['department', 'project', 'surface'] })).toBe('team')
  expect(level({ by: ['account'] })).toBe('payer')
  expect(level({ account: 'alice' })).toBe('payer')
  expect(level({ by: ['department', 'package'] })).toBe('resource')
  expect(level({ resource: 'torch' })).toBe('resource')
  expect(level({ by: ['model'], account: 'alice' })).toBe('hour')
  expect(level({ by: ['project', 'package'] })).toBe('hour')
})

test('planReport() cuts days and months of the zone, and where prices begin', () => {
  const untilMs = Date.UTC(2026, 10, 3)
  const months = planReport(wish({ by: ['month'], timeZone: 'Asia/Shanghai', untilMs }), [])
  expect(months.labels).toEqual(['2026-10', '2026-11'])
  const firstMs = Math.min(...months.pieces.filter(({ label }) => label === 1).map(({ sinceMs }) => sinceMs))
  expect(firstMs).toBeLessThanOrEqual(Date.UTC(2026, 9, 31, 16))
  // The night in which clocks go back has one hour more, and it is in one day only.
  const berlin = { timeZone: 'Europe/Berlin', sinceMs: Date.UTC(2026, 9, 24, 22), untilMs: Date.UTC(2026, 9, 26, 23) }
  expect(planReport(wish({ by: ['day'], ...berlin }), []).labels).toEqual(['2026-10-25', '2026-10-26'])
  // India's day begins in the middle of a UTC hour.
  const india = { timeZone: 'Asia/Kolkata', sinceMs: Date.UTC(2026, 9, 1), untilMs: Date.UTC(2026, 9, 3) }
  const days = planReport(wish({ by: ['day'], ...india }), [])
  expect(days.labels).toEqual(['2026-10-01', '2026-10-02', '2026-10-03'])
  expect(days.pieces.every(({ sinceMs, untilMs: end }) => sinceMs % 3_600_000 === 0 && end % 3_600_000 === 0)).toBe(
    true,
  )
  const priced = planReport(wish({}), [Date.UTC(2026, 9, 10), Date.UTC(2027, 0, 1)])
  expect(priced.pricedAtMs).toEqual([Date.UTC(2026, 9, 1), Date.UTC(2026, 9, 10)])
  expect(new Set(priced.pieces.map(({ price }) => price))).toEqual(new Set([0, 1]))
})

describe('planReport() refuses what would read too much at once, and says what to do', () => {
  test.each([
    [{ by: ['account', 'package'], ...year }, /read 8736 single hours.*name --account or --project/],
    [{ by: ['day'], timeZone: 'Asia/Shanghai', ...year }, /read 5832 single hours, at most 3600 may be/],
    [{ by: ['day', 'account'], ...year }, /at most 21 days at once/],
    [{ by: ['day'], sinceMs: 0, untilMs: Date.UTC(2026, 0, 1) }, /at most 1000 days or months/],
    [{ by: ['month'], sinceMs: 0, untilMs: Date.UTC(9999, 0, 1) }, /at most 1000 days or months/],
  ] as const)('%j', (over, words) => {
    expect(() => planReport(wish(over), [])).toThrow(words)
  })

  test('but not for one account, and for one project only beyond months', () => {
    const half = { ...year, sinceMs: Date.UTC(2026, 3, 1) }
    expect(planReport(wish({ by: ['package'], project: 'vision', ...half }), []).level).toBe('hour')
    expect(() => planReport(wish({ by: ['package'], project: 'vision', ...year }), [])).toThrow(/at most 5000 may be/)
    const narrow = { by: ['account', 'package'], account: 'alice', ...year } as const
    expect(planReport(wish(narrow), []).level).toBe('hour')
  })
})
