import type { Period, RateUnit } from './descriptor-rule.ts'
import type { WindowKind } from './limit.ts'
import { rangeOfDates, type WindowMemo, windowsAt } from './quota-window.ts'

/** The window that holds an instant, and the end of the one after it, which begins where it ends. */
export interface PeriodWindow {
  readonly startMs: number
  readonly endMs: number
  readonly nextEndMs: number
}

/** Keeps what calendar arithmetic found, per period and, below, per unit and zone. Made by the caller. */
export interface PeriodMemo {
  readonly windows: WeakMap<Period, PeriodWindow>
  readonly calendar: WindowMemo
}

export function createPeriodMemo(): PeriodMemo {
  return { windows: new WeakMap(), calendar: new Map() }
}

const dayMs = 86_400_000

/** A month of 30 days and a year of 365, as envoyproxy/ratelimit counts. */
const unitMs: Readonly<Record<RateUnit, number>> = {
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: dayMs,
  week: 7 * dayMs,
  month: 30 * dayMs,
  year: 365 * dayMs,
}

/** How long one period is; on a calendar, an ordinary one. */
export function periodMsOf({ unit, units }: Period): number {
  return unitMs[unit] * units
}

/**
 * The window of a period at an instant. Without a zone windows have a fixed length since 1970-01-01 UTC. With one they begin on its calendar:
 * weeks on Monday, days that may have 23 or 25 hours; `units` is 1 there. Windows of one period follow each other without gap or overlap.
 * @throws RangeError for an unknown zone.
 */
export function periodWindow(period: Period, nowMs: number, memo: PeriodMemo): PeriodWindow {
  // Offsets of zones are whole minutes, so their minutes begin when everybody's do.
  if (period.timeZone === undefined || period.unit === 'second' || period.unit === 'minute')
    return fixedWindow(periodMsOf(period), nowMs)
  const known = memo.windows.get(period)
  if (known !== undefined && known.startMs <= nowMs && nowMs < known.endMs) return known
  const window = calendarWindow(period.unit, period.timeZone, { nowMs, memo: memo.calendar })
  memo.windows.set(period, window)
  return window
}

function fixedWindow(lengthMs: number, nowMs: number): PeriodWindow {
  const startMs = Math.floor(nowMs / lengthMs) * lengthMs
  return { startMs, endMs: startMs + lengthMs, nextEndMs: startMs + 2 * lengthMs }
}

const kinds: Readonly<Record<Exclude<RateUnit, 'second' | 'minute' | 'year'>, WindowKind>> = {
  hour: 'hour',
  day: 'day',
  week: 'week_mon',
  month: 'month',
}

const years = {
  first: (date: Temporal.PlainDate): Temporal.PlainDate => date.with({ month: 1, day: 1 }),
  length: { years: 1 },
}

function calendarWindow(
  unit: Exclude<RateUnit, 'second' | 'minute'>,
  timeZone: string,
  { nowMs, memo }: { readonly nowMs: number; readonly memo: WindowMemo },
): PeriodWindow {
  if (unit === 'year') {
    const { startMs, endMs } = rangeOfDates(nowMs, timeZone, years)
    return { startMs, endMs, nextEndMs: rangeOfDates(endMs, timeZone, years).endMs }
  }
  const { current, next } = windowsAt(nowMs, { window: kinds[unit], timeZone }, memo)
  return { startMs: current.startMs, endMs: current.endMs, nextEndMs: next.endMs }
}
