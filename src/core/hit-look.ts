import type { HitLine, HitState, RateHitLine, SlotHitLine, WindowHitLine } from './hit.ts'
import { debtMax, rateWaitMs } from './rate.ts'

/** What the slots of one counter say to a line: those past their time are as if they had never been. */
export interface SlotSight {
  readonly held: number
  /** When the one of whoever asks ends; 0 = none of them is. */
  readonly ownEndsAtMs: number
  /** When the last of them ends by itself; 0 = none is held. */
  readonly lastEndsAtMs: number
  /** When so many have ended by themselves that the line fits; undefined: it fits now, or never will. */
  readonly roomAtMs: number | undefined
}

/** What a counter holds: hits of the line's window, debt of a rate in hits × periodMs, slots. */
export type HeldHits = number | SlotSight

/** Who looks, and when. */
export interface Looker {
  readonly nowMs: number
  readonly slotId?: string
}

/** A counter stops here instead of wrapping. */
const usedMax = Number.MAX_SAFE_INTEGER
/** Unenforced lines take no slot above so many. */
const slotsMax = 100_000

/** Exact wait until the line's hits are inside its limit if nobody else takes any: 0 = they are now. Hits below 0 always are. */
export function hitWaitMs(line: HitLine, held: HeldHits, looker: Looker): number | 'never' {
  if (line.hits < 0) return 0
  if (typeof held === 'number') return line.kind === 'rate' ? debtWaitMs(line, held) : windowWaitMs(line, held, looker)
  if (line.kind !== 'concurrency' || slotsFit(line, held)) return 0
  // Who only looks may see the slot that another line of the call took: it ends.
  const roomAtMs = held.roomAtMs ?? (line.hits === 0 ? held.lastEndsAtMs : undefined)
  return roomAtMs === undefined ? 'never' : roomAtMs - looker.nowMs
}

/** What the counter holds once the line is taken. */
export function heldAfter(line: HitLine, held: HeldHits, looker: Looker): HeldHits {
  if (typeof held !== 'number') return line.kind === 'concurrency' ? slotsAfter(line, held, looker) : held
  if (line.kind !== 'rate') return Math.max(0, Math.min(usedMax, held + line.hits))
  // The product may be rounded only where it is far above any debt.
  return Math.max(0, Math.min(debtMax, held + line.hits * line.periodMs))
}

/** A line's state, of what its counter held before and after. */
export function hitStateOf(
  line: HitLine,
  held: { readonly before: HeldHits; readonly after: HeldHits },
  how: { readonly retryAfterMs: number | 'never'; readonly taken: boolean; readonly nowMs: number },
): HitState {
  const { retryAfterMs, taken, nowMs } = how
  return {
    fits: retryAfterMs === 0,
    taken,
    before: countOf(line, held.before),
    after: countOf(line, held.after),
    resetMs: resetMsOf(line, held.after, nowMs),
    retryAfterMs,
  }
}

/** Where the window that holds `nowMs` begins; undefined when neither of the line's does. */
export function windowStartOf(line: WindowHitLine, nowMs: number): number | undefined {
  if (nowMs < line.startMs) return undefined
  if (nowMs < line.endMs) return line.startMs
  return nowMs < line.nextEndMs ? line.endMs : undefined
}

function windowWaitMs(line: HitLine, used: number, { nowMs }: Looker): number | 'never' {
  if (line.hits <= line.amount - used) return 0
  if (line.hits > line.amount || line.kind !== 'window') return 'never'
  return windowEndOf(line, nowMs) - nowMs
}

function windowEndOf(line: WindowHitLine, nowMs: number): number {
  return nowMs < line.endMs ? line.endMs : line.nextEndMs
}

/** No hits fit where the debt, which unenforced lines may raise above it, is inside the burst. */
function debtWaitMs(line: RateHitLine, debt: number): number | 'never' {
  if (line.hits > 0) return rateWaitMs(debt, line, line.hits)
  return Math.max(0, Math.ceil((debt - line.burst * line.periodMs) / line.amount))
}

function slotsFit(line: SlotHitLine, { held, ownEndsAtMs }: SlotSight): boolean {
  return line.hits > 0 ? ownEndsAtMs > 0 || held < line.amount : held <= line.amount
}

function slotsAfter(line: SlotHitLine, sight: SlotSight, { nowMs, slotId }: Looker): SlotSight {
  const { held, ownEndsAtMs } = sight
  const isOwn = ownEndsAtMs > 0
  if (slotId === undefined) return sight
  if (line.hits < 0) return isOwn ? { ...sight, held: held - 1, ownEndsAtMs: 0 } : sight
  if (line.hits === 0 || (!isOwn && held >= slotsMax)) return sight
  const endsAtMs = nowMs + line.slotMs
  const lastEndsAtMs = Math.max(sight.lastEndsAtMs, endsAtMs)
  return { ...sight, held: isOwn ? held : held + 1, ownEndsAtMs: endsAtMs, lastEndsAtMs }
}

function countOf(line: HitLine, held: HeldHits): number {
  if (typeof held !== 'number') return held.held
  return line.kind === 'rate' ? Math.ceil(held / line.periodMs) : held
}

function resetMsOf(line: HitLine, held: HeldHits, nowMs: number): number {
  if (typeof held !== 'number') return held.held === 0 ? 0 : Math.max(0, held.lastEndsAtMs - nowMs)
  if (line.kind === 'rate') return Math.ceil(held / line.amount)
  return line.kind === 'window' ? windowEndOf(line, nowMs) - nowMs : 0
}
