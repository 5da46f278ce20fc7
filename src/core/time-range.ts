import type { TimeRange } from './limit.ts'

/** True when the instant lies in [startMs, endMs). */
export function holds(range: TimeRange, ms: number): boolean {
  return range.startMs <= ms && ms < range.endMs
}
