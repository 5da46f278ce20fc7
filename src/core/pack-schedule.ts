import type { TimeRange } from './limit.ts'

const secondMs = 1_000
const hourMs = 3_600_000

/** Reports of a request may come so long after it; what they change counts in the window of the request. */
export const lateReportsMs = 48 * hourMs

/** Figures are kept so long, so what is older is settled or lost. */
export const figuresKeptMs = 34 * 24 * 3_600_000

/**
 * How long after the end of a window, or of a pack, it is settled: soon, so that the next window has the right rest, and then for what was
 * still under way, or is reported late.
 */
const settledAfterMs = [secondMs, 30 * secondMs, 900 * secondMs, 8 * hourMs, lateReportsMs + secondMs]

/**
 * The next instant after `lastMs` at which packs are to be settled; undefined: not as long as nothing changes. `windowEndsMs`: ends of the
 * windows in which they ran that are not longer over than reports may be late, and of the window that runs.
 */
export function nextSettling(
  packs: readonly TimeRange[],
  windowEndsMs: readonly number[],
  lastMs: number,
): number | undefined {
  const edges = [...packs.map(({ endMs }) => endMs), ...windowEndsMs]
  const due = edges.flatMap((edge) => settledAfterMs.map((afterMs) => edge + afterMs)).filter((ms) => ms > lastMs)
  return due.length === 0 ? undefined : due.reduce((first, ms) => Math.min(first, ms))
}
