import { describe, expect, it } from 'vitest'
import { type Windows, windowsAt } from '../../../src/core/quota-window.ts'

const hourMs = 3_600_000

function at(time: string, window: 'hour' | 'day', timeZone: string): Windows {
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
