import { isReached } from './alert-levels.ts'
import type { TimeRange } from './limit.ts'

const soonestMs = 600_000
/** Paces that differ by more say nothing of what comes: a burst after a quiet day, or a quiet hour after a burst. */
const pacesApartMax = 3n
/** From so many percent on levels tell how it stands. */
export const toldByLevels = 80

/** What was used of a window at an earlier instant of it. */
export interface UsedBefore {
  readonly sinceMs: number
  readonly used: number
}

interface Pace extends TimeRange {
  readonly used: number
  readonly amount: number
  /** A while ago, where that is known. */
  readonly before: UsedBefore | undefined
}

/**
 * When the amount is used up, at the pace of the window so far or at that of the last while, whichever is sooner; rounded down to a
 * millisecond. Undefined when there is nothing to say: less than half is used or so much that levels tell of it, less than a tenth of the window
 * or 10 minutes have passed, the window ends before, the last while is not known, or its pace is another than the window's by more than a
 * factor of three.
 */
export function forecastOf({ used, amount, startMs, endMs, before }: Pace, nowMs: number): number | undefined {
  const passedMs = nowMs - startMs
  if (!isReached({ used, amount }, 50) || isReached({ used, amount }, toldByLevels)) return undefined
  if (passedMs < soonestMs || passedMs * 10 < endMs - startMs || before === undefined) return undefined
  const [all, late] = [paceOf({ sinceMs: startMs, used: 0 }, { used, nowMs }), paceOf(before, { used, nowMs })]
  if (late.used <= 0n || late.ms <= 0n) return undefined
  const [allAlike, lateAlike] = [all.used * late.ms, late.used * all.ms]
  if (allAlike * pacesApartMax < lateAlike || lateAlike * pacesApartMax < allAlike) return undefined
  const faster = allAlike > lateAlike ? all : late
  const atMs = nowMs + Number((BigInt(amount - used) * faster.ms) / faster.used)
  return atMs < endMs ? Math.floor(atMs) : undefined
}

function paceOf({ sinceMs, used }: UsedBefore, now: { readonly used: number; readonly nowMs: number }) {
  return { used: BigInt(now.used - used), ms: BigInt(Math.floor(now.nowMs - sinceMs)) }
}
