import type { Observer } from '../telemetry/observer.ts'

/** Something that people are told of in time, and that no request and no row says by itself. */
export interface Condition {
  /** A value of the label of `alert_looks_failed_total`. */
  readonly name: string
  readonly everyMs: number
  /** Harmless when several processes do it at once. `hasMore`: it was more than one look may take. */
  look(): Promise<{ readonly hasMore: boolean }>
}

export interface WatchOptions {
  readonly conditions: readonly Condition[]
  readonly observer: Observer
  readonly nowMs: () => number
  /** Until it looks again where there was more. */
  readonly restMs: number
}

/**
 * Looks at every condition that is due, one after the other; answers in how many milliseconds the next one is. One that fails is counted, keeps
 * no other from its turn, and is due again after its usual time; the first failure is thrown when all have had their turn.
 */
export function createWatch({ conditions, observer, nowMs, restMs }: WatchOptions): () => Promise<number> {
  const dueAtMs = new Map<Condition, number>()

  async function look(condition: Condition): Promise<unknown> {
    const { name, everyMs } = condition
    try {
      const { hasMore } = await condition.look()
      dueAtMs.set(condition, nowMs() + (hasMore ? restMs : everyMs))
      return undefined
    } catch (error) {
      dueAtMs.set(condition, nowMs() + everyMs)
      observer.count('alert_looks_failed_total', { condition: name })
      return error
    }
  }

  return async () => {
    const faults: unknown[] = []
    for (const condition of conditions) {
      if ((dueAtMs.get(condition) ?? 0) > nowMs()) continue
      const fault = await look(condition)
      if (fault !== undefined) faults.push(fault)
    }
    if (faults.length > 0) throw faults[0]
    const next = Math.min(...conditions.map((condition) => dueAtMs.get(condition) ?? 0))
    return Math.max(restMs, next - nowMs())
  }
}
