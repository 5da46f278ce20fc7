import { expect, test } from 'vitest'
import { readUrlTime, urlTime, utcTime, wallTime } from '../../../src/core/calendar-text.ts'

const atMs = Date.parse('2026-11-22T16:00:59.999Z')

test('wallTime() is the minute on the wall of the zone', () => {
  expect(wallTime(atMs, 'UTC')).toBe('2026-11-22 16:00 UTC')
  expect(wallTime(atMs, 'Asia/Shanghai')).toBe('2026-11-23 00:00 Asia/Shanghai')
  expect(wallTime(atMs, 'Asia/Kathmandu')).toBe('2026-11-22 21:45 Asia/Kathmandu')
  expect(wallTime(Date.parse('2026-07-01T00:00:00Z'), 'Europe/Berlin')).toBe('2026-07-01 02:00 Europe/Berlin')
})

test('wallTime() falls back to UTC where the zone is unknown', () => {
  expect(wallTime(atMs, 'Mars/Olympus')).toBe('2026-11-22 16:00 UTC')
})

test('utcTime() is RFC 3339 to the second, urlTime() has no colon', () => {
  expect(utcTime(atMs)).toBe('2026-11-22T16:00:59Z')
  expect(urlTime(atMs)).toBe('2026-11-22T16-00Z')
})

test('readUrlTime() reads urlTime() and nothing else', () => {
  expect(readUrlTime('2026-11-22T16-00Z')).toBe(Date.parse('2026-11-22T16:00:00Z'))
  for (const text of ['', '2026-11-22T16:00Z', '2026-02-29T00-00Z', '2026-11-22T25-00Z', '2026-11-22']) {
    expect(readUrlTime(text)).toBeUndefined()
  }
})
