import { Fault } from '../../core/fault.ts'
import type { Observer } from '../../telemetry/observer.ts'
import type { HitStore } from '../hit-ports.ts'
import { countOn, type HitCall } from './count-on.ts'
import type { CountedCall } from './descriptor-status.ts'
import { createHitsAway } from './hits-away.ts'
import { createLateHits } from './late-hits.ts'

export interface CountHitsDeps {
  readonly hits: HitStore
  readonly openLocal: () => HitStore
  readonly processes: () => number
  readonly observer: Observer
}

/** Takes the hits of a call, or decides it by postures when the store does not say in time. Throws only on faults of ours. */
export type CountHits = (call: HitCall) => Promise<CountedCall>

const nobody: ReadonlySet<number> = new Set()

export function createCountHits(deps: CountHitsDeps): CountHits {
  const { hits } = deps
  const away = createHitsAway({ ...deps, nowMs: () => hits.nowMs() })
  return async (call) => {
    const late = createLateHits(hits, call)
    try {
      const limits = await countOn(hits, call, late.arrived)
      if (limits !== 'late') {
        away.answered()
        return { limits, denied: nobody }
      }
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'store_unavailable')) throw error
    }
    return { ...(await away.decide(call)), unheard: late }
  }
}
