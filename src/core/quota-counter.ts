import type { TimeRange, WindowKind } from './limit.ts'
import type { Amounts, Quantity } from './quantity.ts'
import type { Surface } from './subject.ts'
import { holds } from './time-range.ts'

/** What was used inside one window. */
export interface WindowUse extends TimeRange {
  readonly used: number
}

/** What one subject used of one quantity, by calendar window. Keyed by what was counted, not by a limit's name. */
export interface QuotaCounter {
  readonly key: string
  readonly surface: Surface | 'any'
  readonly quantity: Quantity
  readonly window: WindowKind
  readonly timeZone: string
  readonly current: WindowUse
  readonly previous?: WindowUse
}

/** A counter is kept at least so long after its window; later it is cold. */
export const quotaKeptMs = 48 * 3_600_000
const usedMax = Number.MAX_SAFE_INTEGER

/** What `window` has used by this counter; a passed window is warm and rolls to 0. Undefined = cold: never held, forgotten, or of other windows. */
export function usedIn(counter: QuotaCounter | undefined, window: TimeRange, nowMs: number): number | undefined {
  if (counter === undefined || nowMs >= counter.current.endMs + quotaKeptMs) return undefined
  if (counter.current.startMs === window.startMs && counter.current.endMs === window.endMs) return counter.current.used
  return counter.current.endMs <= window.startMs ? 0 : undefined
}

/** The counter with `window` as its current one (`usedIn` must know it). */
export function rolledTo(counter: QuotaCounter, window: TimeRange): QuotaCounter {
  if (counter.current.startMs === window.startMs) return counter
  return withUse(counter, { startMs: window.startMs, endMs: window.endMs, used: 0 }, counter.current)
}

/** Adds `difference` to the window that holds `at`. `clamped`: it would have gone below 0, which no correct history does. */
export function movedBy(
  counter: QuotaCounter,
  at: number,
  difference: number,
): { readonly counter: QuotaCounter; readonly clamped: boolean } {
  if (holds(counter.current, at)) {
    const moved = movedUse(counter.current, difference)
    return { counter: withUse(counter, moved.use, counter.previous), clamped: moved.clamped }
  }
  if (counter.previous === undefined || !holds(counter.previous, at)) return { counter, clamped: false }
  const moved = movedUse(counter.previous, difference)
  return { counter: withUse(counter, counter.current, moved.use), clamped: moved.clamped }
}

/** What of `amounts` a counter moves by. */
export function shareOf(counter: QuotaCounter, surface: Surface, amounts: Amounts): number | undefined {
  return counter.surface === 'any' || counter.surface === surface ? amounts[counter.quantity] : undefined
}

function movedUse(use: WindowUse, difference: number): { readonly use: WindowUse; readonly clamped: boolean } {
  const used = use.used + difference
  const held = Math.min(usedMax, Math.max(0, used))
  return { use: { startMs: use.startMs, endMs: use.endMs, used: held }, clamped: used < 0 }
}

/** Written out: a counter moves in every spend, and copying it with `...` costs several times as much. */
function withUse(counter: QuotaCounter, current: WindowUse, previous: WindowUse | undefined): QuotaCounter {
  const { key, surface, quantity, window, timeZone } = counter
  const moved = { key, surface, quantity, window, timeZone, current }
  return previous === undefined ? moved : { key, surface, quantity, window, timeZone, current, previous }
}
