import type { HitLine, HitState } from './hit.ts'

/** How the hits of one line stood to its limit; every figure is of hits, never below 0. */
export interface HitPortions {
  /** What was asked; nothing for hits that only look or give back. */
  readonly total: number
  /** Hits of calls that were inside the limit as a whole, those near it among them. */
  readonly within: number
  /** Taken hits inside the limit and above the near threshold. */
  readonly near: number
  /** Hits above the limit; all of the call's if they were refused, because none was taken. */
  readonly over: number
  /** Inside this limit and not taken, because another limit of the call refused. */
  readonly untaken: number
  /** Given back. */
  readonly returned: number
}

const nothing: HitPortions = { total: 0, within: 0, near: 0, over: 0, untaken: 0, returned: 0 }

/**
 * Splits the hits of one line at its limit and at `nearPercent` of it: portions, not whole calls. With hits that are taken although they are
 * above the limit, the figures are those of envoyproxy/ratelimit (`near_limit`, `over_limit`, `within_limit`, `total_hits`): near is the part
 * in (⌊limit × percent ÷ 100⌋, limit], over the part above, and a call that is over in part is in no part within.
 */
export function partitionHits(line: HitLine, state: HitState, nearPercent: number): HitPortions {
  const { before, after, taken, fits } = state
  if (line.hits < 0) return { ...nothing, returned: Math.max(0, before - after) }
  if (line.hits === 0) return nothing
  // One call takes one slot, whatever it asks.
  const total = line.kind === 'concurrency' ? 1 : line.hits
  if (!taken) return fits ? { ...nothing, total, untaken: total } : { ...nothing, total, over: total }
  const limit = line.kind === 'rate' ? line.burst : line.amount
  const nearFrom = Math.floor((limit * nearPercent) / 100)
  const sum = before + total
  if (fits) return { ...nothing, total, within: total, near: clamp(sum - nearFrom, total) }
  if (before >= limit) return { ...nothing, total, over: total }
  return { ...nothing, total, over: clamp(sum - limit, total), near: limit - Math.max(nearFrom, before) }
}

function clamp(hits: number, max: number): number {
  return Math.min(Math.max(0, hits), max)
}
