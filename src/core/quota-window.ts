import type { TimeRange, WindowKind } from './limit.ts'

/** The calendar window that holds an instant, and the one after it. */
export interface Windows {
  readonly current: TimeRange
  readonly next: TimeRange
}

/** Keeps what was computed per (kind, zone), because calendar arithmetic is a hundred times dearer than a look-up. Made by the caller. */
export type WindowMemo = Map<string, Windows>

const memoSizeMax = 1_024
const hourMs = 3_600_000

/**
 * Windows of a quota at an instant: hours, days, weeks and months of `timeZone` (IANA name). A day may be 23, 25 or, where a zone moves its
 * date line, more hours; one without midnight begins when it begins. Windows of one kind and zone follow each other without gap or overlap.
 * @throws RangeError for an unknown zone.
 */
export function windowsAt(
  nowMs: number,
  wanted: { readonly window: WindowKind; readonly timeZone: string },
  memo: WindowMemo,
): Windows {
  const key = wanted.window + wanted.timeZone
  const known = memo.get(key)
  if (known !== undefined && known.current.startMs <= nowMs && nowMs < known.current.endMs) return known
  const current = rangeAt(nowMs, wanted)
  const windows = { current, next: rangeAt(current.endMs, wanted) }
  if (memo.size >= memoSizeMax) memo.clear()
  memo.set(key, windows)
  return windows
}

/** A kind of window that is made of whole dates. */
interface Dates {
  /** The first date of the window that a date falls into. */
  readonly first: (date: Temporal.PlainDate) => Temporal.PlainDate
  readonly length: Temporal.DurationLike
}

const datesOf: Readonly<Record<Exclude<WindowKind, 'hour'>, Dates>> = {
  day: { first: (date) => date, length: { days: 1 } },
  month: { first: (date) => date.with({ day: 1 }), length: { months: 1 } },
  week_mon: weekFrom(1),
  week_tue: weekFrom(2),
  week_wed: weekFrom(3),
  week_thu: weekFrom(4),
  week_fri: weekFrom(5),
  week_sat: weekFrom(6),
  week_sun: weekFrom(7),
}

/** `startDay` by ISO 8601: 1 is Monday. */
function weekFrom(startDay: number): Dates {
  return { first: (date) => date.subtract({ days: (date.dayOfWeek - startDay + 7) % 7 }), length: { days: 7 } }
}

function rangeAt(ms: number, { window, timeZone }: { readonly window: WindowKind; readonly timeZone: string }) {
  return window === 'hour' ? hourAt(ms, timeZone) : rangeOfDates(ms, timeZone, datesOf[window])
}

function zoned(ms: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone)
}

/** The window of whole dates that holds an instant. A date that the zone skipped (Apia, 2011-12-30) begins when the date after it does. */
export function rangeOfDates(ms: number, timeZone: string, dates: Dates): TimeRange {
  const startOf = (date: Temporal.PlainDate): number => date.toZonedDateTime(timeZone).epochMilliseconds
  const first = dates.first(zoned(ms, timeZone).toPlainDate())
  let after = first.add(dates.length)
  let [startMs, endMs] = [startOf(first), startOf(after)]
  // Where the clock goes back over midnight the old date comes once more; the new window has begun all the same.
  while (endMs <= ms) {
    after = after.add(dates.length)
    ;[startMs, endMs] = [endMs, startOf(after)]
  }
  return { startMs, endMs }
}

/** Local whole hours; cut at a change of offset that is not a whole hour (Lord Howe: 30 minutes). */
function hourAt(ms: number, timeZone: string): TimeRange {
  const local = zoned(ms, timeZone)
  const offsetMs = local.offsetNanoseconds / 1_000_000
  const intoHourMs = (((ms + offsetMs) % hourMs) + hourMs) % hourMs
  const startMs = ms - intoHourMs
  const endMs = startMs + hourMs
  const sameOffset = (at: number): boolean => zoned(at, timeZone).offsetNanoseconds === local.offsetNanoseconds
  const before = sameOffset(startMs) ? null : zoned(ms + 1, timeZone).getTimeZoneTransition('previous')
  const after = sameOffset(endMs - 1) ? null : local.getTimeZoneTransition('next')
  return { startMs: before?.epochMilliseconds ?? startMs, endMs: after?.epochMilliseconds ?? endMs }
}
