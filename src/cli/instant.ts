import { InvalidArgumentError } from 'commander'
import { parseDuration } from './duration.ts'

/** An instant of the command line; days without a time begin in the zone. */
export type Instant = (nowMs: number, timeZone?: string) => number

const date = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/

/** What the books may hold. */
const [atMsMin, atMsMax] = [0, Date.UTC(9999, 11, 31)]

/** So long before now. */
export function ago(ms: number): Instant {
  return (nowMs) => nowMs - ms
}

/** Reads `now`, a day, an instant with its zone, or how long ago. Throws commander's `InvalidArgumentError`. */
export function parseInstant(text: string): Instant {
  if (text === 'now') return ago(0)
  if (date.test(text) && isOfCalendar(text)) {
    expectInBooks(Date.parse(text))
    return (_, timeZone = 'UTC') =>
      text.length === 10 ? Temporal.PlainDate.from(text).toZonedDateTime(timeZone).epochMilliseconds : Date.parse(text)
  }
  if (!/^\d+[smhd]$/.test(text))
    throw new InvalidArgumentError(
      'Write a UTC day such as 2026-11-22, an instant such as 2026-11-22T10:00Z, or how long ago such as 12h.',
    )
  const agoMs = parseDuration(text)
  expectInBooks(Date.now() - agoMs)
  return ago(agoMs)
}

/** `Date` takes February 31 for March 3. */
function isOfCalendar(text: string): boolean {
  const dayMs = Date.parse(text.slice(0, 10))
  return !Number.isNaN(Date.parse(text)) && new Date(dayMs).toISOString().startsWith(text.slice(0, 10))
}

function expectInBooks(atMs: number): void {
  if (atMs < atMsMin || atMs > atMsMax) throw new InvalidArgumentError('Write a time from 1970 to 9999.')
}
