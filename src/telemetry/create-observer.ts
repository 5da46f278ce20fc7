import type { Logger } from 'pino'
import type { Metrics } from './metrics.ts'
import type { Observer } from './observer.ts'

export interface ObserverOptions {
  readonly log: Logger
  readonly metrics: Metrics
  readonly nowMs: () => number
}

/** Lines of one event per second; an outage would otherwise write one per request. */
const linesPerSecondMax = 10
const eventsMax = 1_000

/**
 * The observer that rooms are given: numbers into the metrics, events into the log. Of one event at most 10 lines a second are written; the
 * next line after that says how many were `suppressed`.
 */
export function createObserver({ log, metrics, nowMs }: ObserverOptions): Observer {
  const mayWrite = createThrottle(nowMs)
  const write =
    (level: 'info' | 'warn') =>
    (event: string, details: Readonly<Record<string, unknown>> = {}): void => {
      if (!log.isLevelEnabled(level)) return
      const suppressed = mayWrite(`${level} ${event}`)
      if (suppressed === undefined) return
      log[level](suppressed > 0 ? { ...details, suppressed } : details, event)
    }
  return {
    count: (metric, labels = {}, by = 1) => metrics.count(metric, labels, by),
    counter: (metric, labels = {}) => metrics.counter(metric, labels),
    time: (metric, seconds, labels = {}) => metrics.time(metric, seconds, labels),
    set: (metric, value, labels = {}) => metrics.set(metric, value, labels),
    info: write('info'),
    warn: write('warn'),
  }
}

/** Answers how many of this event were held back before this one, or undefined to hold this one back. */
function createThrottle(nowMs: () => number): (event: string) => number | undefined {
  const events = new Map<string, { second: number; lines: number; suppressed: number }>()
  return (event) => {
    const second = Math.floor(nowMs() / 1000)
    if (events.size >= eventsMax && !events.has(event)) events.clear()
    const state = events.get(event) ?? { second, lines: 0, suppressed: 0 }
    events.set(event, state)
    if (state.second !== second) {
      state.second = second
      state.lines = 0
    }
    state.lines += 1
    if (state.lines > linesPerSecondMax) {
      state.suppressed += 1
      return undefined
    }
    const { suppressed } = state
    state.suppressed = 0
    return suppressed
  }
}
