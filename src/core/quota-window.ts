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
 * Windows of a quota at an instant: days and hours of `timeZone` (IANA name). Days may be 23, 25 or, where a zone moves its date line,
 * more hours; a day without midnight begins when it begins. Windows of one zone follow each other without gap or overlap.
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
  const rangeAt = wanted.window === 'day' ? dayAt : hourAt
  const current = rangeAt(nowMs, wanted.timeZone)
  const windows = { current, next: rangeAt(current.endMs, wanted.timeZone) }
  if (memo.size >= memoSizeMax) memo.clear()
  memo.set(key, windows)
  return windows
}

function zoned(ms: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone)
}

function dayAt(ms: number, timeZone: string): TimeRange {
  const local = zoned(ms, timeZone)
  const startMs = local.startOfDay().epochMilliseconds
  let tomorrow = local.toPlainDate().add({ days: 1 })
  let endMs = tomorrow.toZonedDateTime(timeZone).epochMilliseconds
  // A date that the zone skipped (Apia, 2011-12-30) begins no later than the day after it.
  while (endMs <= ms) {
    tomorrow = tomorrow.add({ days: 1 })
    endMs = tomorrow.toZonedDateTime(timeZone).epochMilliseconds
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
