import type { UsedBefore } from '../core/forecast.ts'
import type { BookedCounter } from './ports.ts'

/** What counters stood at a while ago. Memory only, bounded: a counter that is forgotten is taken to have been used of late. */
export interface RecentUse {
  /** Notes what the counter stands at; answers what it stood at a while ago, or undefined while that is not known. */
  note(counter: BookedCounter, nowMs: number): UsedBefore | undefined
}

/** What the counter stood at when a span of its window ended. */
interface Mark {
  readonly span: number
  readonly used: number
}

const countersMax = 50_000
/** A window has so many spans of time: a day spans of 10 minutes. */
const spansPerWindow = 144
const spanMsMin = 120_000
/** A while ago is the end of the span before the last two, so two to three spans ago. */
const spansAgo = 3

/** `beganMs`: counters of windows that began later have been seen from zero on. */
export function createRecentUse(beganMs: number): RecentUse {
  /** The one that moved last is the last. */
  const marksOf = new Map<string, readonly Mark[]>()
  return {
    note(counter, nowMs) {
      const { startMs, endMs, used } = counter
      const spanMs = Math.max(spanMsMin, (endMs - startMs) / spansPerWindow)
      const span = Math.floor((nowMs - startMs) / spanMs)
      const key = keyOf(counter)
      const before = (marksOf.get(key) ?? []).filter((mark) => mark.span < span)
      const base = before.findLast((mark) => mark.span <= span - spansAgo)
      const kept = before.filter((mark) => mark === base || mark.span > span - spansAgo)
      marksOf.delete(key)
      const [oldest] = marksOf.keys()
      if (marksOf.size >= countersMax && oldest !== undefined) marksOf.delete(oldest)
      marksOf.set(key, [...kept, { span, used }])
      if (base === undefined && beganMs > startMs) return undefined
      return { sinceMs: startMs + Math.max(0, span + 1 - spansAgo) * spanMs, used: base?.used ?? 0 }
    },
  }
}

function keyOf({ subject, surface, quantity, window, timeZone, startMs }: BookedCounter): string {
  return `${subject.kind}:${subject.id} ${surface} ${quantity} ${window} ${timeZone} ${startMs}`
}
