import type { WindowKind } from './limit.ts'
/** `2026-11-23 00:00 Asia/Shanghai`: an instant to the minute on a zone's wall. UTC when the zone is unknown. */
export function wallTime(atMs: number, timeZone: string): string {
  const zone = isZone(timeZone) ? timeZone : 'UTC'
  const wall = instant(atMs).toZonedDateTimeISO(zone).toPlainDateTime()
  return `${wall.toString({ smallestUnit: 'minute' }).replace('T', ' ')} ${zone}`
}

/** `2026-11-23T00:00:00Z` (RFC 3339), for JSON. */
export function utcTime(atMs: number): string {
  return instant(atMs).toString({ smallestUnit: 'second' })
}

/** `2026-11-23T00-00Z`: to the minute, without the colons that URLs encode. */
export function urlTime(atMs: number): string {
  return instant(atMs).toString({ smallestUnit: 'minute' }).replace(':', '-')
}

/** The way back from `urlTime`; undefined when the text is no such time. */
export function readUrlTime(text: string): number | undefined {
  const [, date, hour, minute] = /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})Z$/.exec(text) ?? []
  if (date === undefined) return undefined
  const atMs = Date.parse(`${date}T${hour}:${minute}:00Z`)
  return Number.isFinite(atMs) && urlTime(atMs) === text ? atMs : undefined
}

function instant(atMs: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(atMs)
}

function isZone(timeZone: string): boolean {
  try {
    instant(0).toZonedDateTimeISO(timeZone)
    return true
  } catch {
    return false
  }
}

/** `daily`, `weekly`, …: how often a calendar window begins anew. */
export function windowAdverb(window: WindowKind): 'hourly' | 'daily' | 'weekly' | 'monthly' {
  if (window === 'hour') return 'hourly'
  if (window === 'day') return 'daily'
  return window === 'month' ? 'monthly' : 'weekly'
}
