import { describe, expect, it } from 'vitest'
import type { WindowKind } from '../../../src/core/limit.ts'
import { type Windows, windowsAt } from '../../../src/core/quota-window.ts'

const hourMs = 3_600_000

function at(time: string, window: WindowKind, timeZone: string): Windows {
  return windowsAt(Date.parse(time), { window, timeZone }, new Map())
}

function shown(windows: Windows): string[] {
  const { current, next } = windows
  return [current.startMs, current.endMs, next.startMs, next.endMs].map((ms) => new Date(ms).toISOString().slice(0, 16))
}

describe('windowsAt() of days', () => {
  it.each([
    { timeZone: 'UTC', time: '2026-11-22T10:00Z', hours: [24, 24] },
    { timeZone: 'Europe/Berlin', time: '2026-03-28T12:00Z', hours: [24, 23] },
    { timeZone: 'Europe/Berlin', time: '2026-10-25T12:00Z', hours: [25, 24] },
    { timeZone: 'Australia/Sydney', time: '2026-04-04T02:00Z', hours: [24, 25] },
    { timeZone: 'Australia/Sydney', time: '2026-10-03T02:00Z', hours: [24, 23] },
    { timeZone: 'America/Sao_Paulo', time: '2018-11-03T12:00Z', hours: [24, 23] },
    { timeZone: 'Asia/Kathmandu', time: '2026-11-22T10:00Z', hours: [24, 24] },
  ])('in $timeZone around $time last $hours hours', ({ timeZone, time, hours }) => {
    const { current, next } = at(time, 'day', timeZone)
    expect([current, next].map((range) => (range.endMs - range.startMs) / hourMs)).toEqual(hours)
    expect(next.startMs).toBe(current.endMs)
  })

  it('begin at local midnight, at +05:45 too', () => {
    expect(shown(at('2026-11-22T18:14Z', 'day', 'Asia/Kathmandu'))[0]).toBe('2026-11-21T18:15')
    expect(shown(at('2026-11-22T18:15Z', 'day', 'Asia/Kathmandu'))[0]).toBe('2026-11-22T18:15')
  })

  it('begin when they begin where the clock skips midnight', () => {
    // Cairo, 2024-04-26: 00:00 does not exist, the day starts at 01:00 (+03:00).
    expect(shown(at('2024-04-26T10:00Z', 'day', 'Africa/Cairo'))).toEqual([
      '2024-04-25T22:00',
      '2024-04-26T21:00',
      '2024-04-26T21:00',
      '2024-04-27T21:00',
    ])
  })

  it('leave no gap where a zone skips a whole date', () => {
    const { current, next } = at('2011-12-30T01:00Z', 'day', 'Pacific/Apia')
    expect(next.startMs).toBe(current.endMs)
    expect(new Date(current.endMs).toISOString()).toBe('2011-12-30T10:00:00.000Z')
    expect(next.endMs - next.startMs).toBe(24 * hourMs)
  })
})

/** Start of this window, its end, the end of the next one, in UTC. */
type Case = readonly [time: string, timeZone: string, start: string, end: string, nextEnd: string]

function edges(windows: Windows): readonly string[] {
  const [start = '', end = '', , nextEnd = ''] = shown(windows)
  return [start, end, nextEnd]
}

describe('windowsAt() of days whose end comes twice', () => {
  it.each<Case>([
    // St. John's, 2006-10-29: at 00:01 the clock goes back to 23:01 of the 28th; the 29th has begun all the same.
    ['2006-10-29T02:20Z', 'America/St_Johns', '2006-10-28T02:30', '2006-10-29T02:30', '2006-10-30T03:30'],
    ['2006-10-29T02:45Z', 'America/St_Johns', '2006-10-29T02:30', '2006-10-30T03:30', '2006-10-31T03:30'],
  ])('at %s in %s begin once', (time, timeZone, ...expected) => {
    expect(edges(at(time, 'day', timeZone))).toEqual(expected)
  })
})

describe('windowsAt() of weeks', () => {
  it.each<readonly [WindowKind, ...Case]>([
    ['week_mon', '2026-11-22T12:00Z', 'UTC', '2026-11-16T00:00', '2026-11-23T00:00', '2026-11-30T00:00'],
    ['week_tue', '2026-11-22T12:00Z', 'UTC', '2026-11-17T00:00', '2026-11-24T00:00', '2026-12-01T00:00'],
    ['week_wed', '2026-11-22T12:00Z', 'UTC', '2026-11-18T00:00', '2026-11-25T00:00', '2026-12-02T00:00'],
    ['week_thu', '2026-11-22T12:00Z', 'UTC', '2026-11-19T00:00', '2026-11-26T00:00', '2026-12-03T00:00'],
    ['week_fri', '2026-11-22T12:00Z', 'UTC', '2026-11-20T00:00', '2026-11-27T00:00', '2026-12-04T00:00'],
    ['week_sat', '2026-11-22T12:00Z', 'UTC', '2026-11-21T00:00', '2026-11-28T00:00', '2026-12-05T00:00'],
    ['week_sun', '2026-11-22T12:00Z', 'UTC', '2026-11-22T00:00', '2026-11-29T00:00', '2026-12-06T00:00'],
    ['week_mon', '2026-12-31T23:59Z', 'UTC', '2026-12-28T00:00', '2027-01-04T00:00', '2027-01-11T00:00'],
    ['week_mon', '2026-03-25T12:00Z', 'Europe/Berlin', '2026-03-22T23:00', '2026-03-29T22:00', '2026-04-05T22:00'],
    ['week_mon', '2026-10-20T12:00Z', 'Europe/Berlin', '2026-10-18T22:00', '2026-10-25T23:00', '2026-11-01T23:00'],
    ['week_mon', '2026-04-01T12:00Z', 'Australia/Sydney', '2026-03-29T13:00', '2026-04-05T14:00', '2026-04-12T14:00'],
    ['week_mon', '2026-09-30T12:00Z', 'Australia/Sydney', '2026-09-27T14:00', '2026-10-04T13:00', '2026-10-11T13:00'],
    ['week_mon', '2026-11-22T18:14Z', 'Asia/Kathmandu', '2026-11-15T18:15', '2026-11-22T18:15', '2026-11-29T18:15'],
    // Their first day has no midnight: it begins at 01:00.
    ['week_sun', '2018-11-04T12:00Z', 'America/Sao_Paulo', '2018-11-04T03:00', '2018-11-11T02:00', '2018-11-18T02:00'],
    ['week_fri', '2024-04-26T10:00Z', 'Africa/Cairo', '2024-04-25T22:00', '2024-05-02T21:00', '2024-05-09T21:00'],
    // Friday, 2011-12-30, did not exist: a week around it has six days, one that begins with it begins on Saturday.
    ['week_mon', '2011-12-29T12:00Z', 'Pacific/Apia', '2011-12-26T10:00', '2012-01-01T10:00', '2012-01-08T10:00'],
    ['week_fri', '2011-12-29T12:00Z', 'Pacific/Apia', '2011-12-23T10:00', '2011-12-30T10:00', '2012-01-05T10:00'],
    ['week_fri', '2011-12-31T12:00Z', 'Pacific/Apia', '2011-12-30T10:00', '2012-01-05T10:00', '2012-01-12T10:00'],
  ])('%s at %s in %s', (window, ...[time, timeZone, ...expected]) => {
    expect(edges(at(time, window, timeZone))).toEqual(expected)
  })
})

describe('windowsAt() of months', () => {
  it.each<Case>([
    ['2026-02-10T12:00Z', 'UTC', '2026-02-01T00:00', '2026-03-01T00:00', '2026-04-01T00:00'],
    ['2028-02-29T23:59Z', 'UTC', '2028-02-01T00:00', '2028-03-01T00:00', '2028-04-01T00:00'],
    ['2026-04-30T12:00Z', 'UTC', '2026-04-01T00:00', '2026-05-01T00:00', '2026-06-01T00:00'],
    ['2026-01-31T12:00Z', 'UTC', '2026-01-01T00:00', '2026-02-01T00:00', '2026-03-01T00:00'],
    ['2026-12-31T23:59Z', 'UTC', '2026-12-01T00:00', '2027-01-01T00:00', '2027-02-01T00:00'],
    ['2026-03-15T12:00Z', 'Europe/Berlin', '2026-02-28T23:00', '2026-03-31T22:00', '2026-04-30T22:00'],
    ['2026-10-15T12:00Z', 'Europe/Berlin', '2026-09-30T22:00', '2026-10-31T23:00', '2026-11-30T23:00'],
    ['2026-04-15T12:00Z', 'Australia/Sydney', '2026-03-31T13:00', '2026-04-30T14:00', '2026-05-31T14:00'],
    ['2026-10-15T12:00Z', 'Australia/Sydney', '2026-09-30T14:00', '2026-10-31T13:00', '2026-11-30T13:00'],
    ['2026-11-30T18:14Z', 'Asia/Kathmandu', '2026-10-31T18:15', '2026-11-30T18:15', '2026-12-31T18:15'],
    ['2018-11-01T12:00Z', 'America/Sao_Paulo', '2018-11-01T03:00', '2018-12-01T02:00', '2019-01-01T02:00'],
    ['2011-12-29T12:00Z', 'Pacific/Apia', '2011-12-01T10:00', '2011-12-31T10:00', '2012-01-31T10:00'],
  ])('at %s in %s', (time, timeZone, ...expected) => {
    expect(edges(at(time, 'month', timeZone))).toEqual(expected)
  })
})

describe('windowsAt() of hours', () => {
  it('follow the local clock', () => {
    expect(shown(at('2026-11-22T10:20Z', 'hour', 'Asia/Kathmandu'))).toEqual([
      '2026-11-22T10:15',
      '2026-11-22T11:15',
      '2026-11-22T11:15',
      '2026-11-22T12:15',
    ])
  })

  it('are cut where the offset changes by half an hour', () => {
    // Lord Howe, 2026-04-05: at 02:00 (+11:00) the clock goes back to 01:30 (+10:30).
    expect(shown(at('2026-04-04T14:30Z', 'hour', 'Australia/Lord_Howe'))).toEqual([
      '2026-04-04T14:00',
      '2026-04-04T15:00',
      '2026-04-04T15:00',
      '2026-04-04T15:30',
    ])
  })
})

describe('windowsAt()', () => {
  it.each([
    ['day', 'America/Santiago'],
    ['hour', 'Australia/Lord_Howe'],
    ['day', 'Africa/Cairo'],
    ['hour', 'Asia/Kathmandu'],
  ] as const)('leaves no gap and no overlap over a year of every %s in %s', (window, timeZone) => {
    const memo = new Map()
    let { current } = windowsAt(Date.parse('2025-12-31T12:00Z'), { window, timeZone }, memo)
    const end = Date.parse('2027-01-01T00:00Z')
    while (current.startMs < end) {
      const { next } = windowsAt(current.startMs, { window, timeZone }, memo)
      expect(next.startMs).toBe(current.endMs)
      expect(next.endMs).toBeGreaterThan(next.startMs)
      expect(windowsAt(next.startMs, { window, timeZone }, memo).current).toEqual(next)
      expect(windowsAt(next.endMs - 1, { window, timeZone }, new Map()).current).toEqual(next)
      current = next
    }
  })

  it('computes once per window and answers from its memo until it has passed', () => {
    const memo = new Map()
    const first = windowsAt(1_000, { window: 'day', timeZone: 'UTC' }, memo)
    expect(windowsAt(2_000, { window: 'day', timeZone: 'UTC' }, memo)).toBe(first)
    expect(windowsAt(86_400_000, { window: 'day', timeZone: 'UTC' }, memo).current).toEqual(first.next)
  })

  it('keeps its memo bounded', () => {
    const memo = new Map(
      Array.from({ length: 1_024 }, (_, index) => [`k${index}`, at('2026-01-01T00:00Z', 'day', 'UTC')]),
    )
    windowsAt(0, { window: 'day', timeZone: 'UTC' }, memo)
    expect(memo.size).toBe(1)
  })

  it('refuses a zone nobody knows', () => {
    expect(() => at('2026-01-01T00:00Z', 'day', 'Mars/Olympus')).toThrow(RangeError)
  })
})
