import { LRUCache } from 'lru-cache'
import { chargedRate, debtAt, type Rate, type RateState, rateWaitMs } from '../core/rate.ts'

/** One rate, and who it counts. */
export interface GateLine {
  readonly name: string
  /** `account alice`. */
  readonly subject: string
  readonly rate: Rate
}

/** Takes one hit of every line, or of none: then which of them waits longest, and how long. */
export type RateGate = (
  lines: readonly GateLine[],
  nowMs: number,
) => { readonly line: GateLine; readonly waitMs: number } | undefined

/** Whoever is forgotten because of too many others begins with a full rate. */
const subjectsMax = 50_000

/** Rates counted by this process alone, in bounded memory. `nowMs` are whole milliseconds that do not run back. */
export function createRateGate(): RateGate {
  const states = new LRUCache<string, RateState>({ max: subjectsMax })
  return (lines, nowMs) => {
    const asked = lines.map((line) => {
      const key = `${line.name} ${line.subject}`
      const state = states.get(key)
      const debt = debtAt(state, line.rate, nowMs)
      const wait = rateWaitMs(debt, line.rate, 1)
      return { ...{ line, key, state, debt }, waitMs: wait === 'never' ? Number.POSITIVE_INFINITY : wait }
    })
    const longest = asked.toSorted((left, right) => right.waitMs - left.waitMs)[0]
    if (longest !== undefined && longest.waitMs > 0) return longest
    for (const { line, key, state, debt } of asked)
      states.set(key, chargedRate(state, line.rate, { key, debt, hits: 1, nowMs }))
    return undefined
  }
}
