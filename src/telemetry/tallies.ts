import type { Counter } from 'prom-client'

type Labels = Readonly<Record<string, string>>

interface Tally {
  readonly counter: Counter
  readonly labels: Labels
  /** Since the last reading. */
  pending: number
}

/** Counters with their labels looked up once: counting adds to a number here, and only a reading goes to the metric's own map of labels. */
export interface Tallies {
  /** The labels are bounded already. The same counter and labels are the same tally, however often they are asked for. */
  of(counter: Counter, labels: Labels): (by: number) => void
  flush(): void
}

/** `onBadNumber` hears of what is no number of 0 or more; it is not counted. */
export function createTallies(onBadNumber: () => void): Tallies {
  const byCounter = new Map<Counter, Map<string, (by: number) => void>>()
  const tallies: Tally[] = []
  return {
    of(counter, labels) {
      const byLabels = byCounter.get(counter) ?? new Map<string, (by: number) => void>()
      byCounter.set(counter, byLabels)
      const key = JSON.stringify(Object.values(labels))
      const known = byLabels.get(key)
      if (known !== undefined) return known
      const tally: Tally = { counter, labels, pending: 0 }
      counter.inc(labels, 0)
      const add = (by: number): void => {
        if (by >= 0 && Number.isFinite(by)) tally.pending += by
        else onBadNumber()
      }
      tallies.push(tally)
      byLabels.set(key, add)
      return add
    },
    flush() {
      for (const tally of tallies) {
        if (tally.pending === 0) continue
        tally.counter.inc(tally.labels, tally.pending)
        tally.pending = 0
      }
    },
  }
}
