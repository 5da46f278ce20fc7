import type { HitStore } from '../check/hit-ports.ts'
import type { HitAnswer } from '../core/hit.ts'
import type { HitPart } from '../core/hit-decision.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { Connection } from './connection.ts'
import { type CountedHits, decodeHit, encodeHit, encodeHitBack, slotsKey, type TakenHits } from './hit-codec.ts'
import type { PartitionKeys } from './keys.ts'
import type { Scripts } from './scripts.ts'
import type { StoreClock } from './store-clock.ts'

type NotCounted = Exclude<HitAnswer, { kind: 'counted' }>

/** Counts hits in one Redis: each call is one EVALSHA, whatever it touches. */
export interface RedisHitStore extends HitStore {
  /** `hit` of the lines that lie here, with what their counters held. */
  hitPart(part: HitPart): Promise<CountedHits | NotCounted>
  /** Gives back what a part took. */
  giveBack(taken: TakenHits & { readonly waitMs: number }): Promise<void>
}

interface Parts {
  readonly connection: Connection
  readonly scripts: Scripts
  readonly clock: StoreClock
  readonly keys: readonly PartitionKeys[]
  readonly observer: Observer
  /** The local clock. */
  readonly nowMs: () => number
}

/** Patience of what has no deadline of its own. */
const waitMsMax = 150
/** A call has a few milliseconds only: its silence says nothing of Redis before it was silent for so long to all. */
const silentMsMax = 90

export function createRedisHitStore(parts: Parts): RedisHitStore {
  const { connection, scripts, clock, keys } = parts

  async function hitPart(
    part: HitPart,
    onLate?: (answer: CountedHits | NotCounted) => void,
  ): Promise<CountedHits | NotCounted> {
    const leftMs = part.notAfterMs - clock.nowMs()
    if (leftMs < 0) return { kind: 'late', at: Math.floor(clock.nowMs()) }
    const sentMs = parts.nowMs()
    const read = (reply: unknown): CountedHits | NotCounted => {
      const answer = decodeHit(String(reply), part)
      learn(parts, answer.at, sentMs)
      return answer
    }
    const waitMs = Math.min(2 ** 31 - 1, Math.max(1, leftMs))
    const late = onLate && { onLateReply: (reply: unknown) => onLate(read(reply)) }
    return read(
      await connection.run(scripts.hit, { ...encodeHit(part, keys), waitMs, silenceMs: silentMsMax, ...late }),
    )
  }

  return {
    hitPart,
    hit(request, { onLate } = {}) {
      if (request.lines.length === 0)
        return Promise.resolve({ kind: 'counted', at: Math.floor(clock.nowMs()), states: [] })
      return hitPart(request, onLate && ((answer) => onLate(told(answer)))).then(told)
    },
    nowMs: () => clock.nowMs(),
    async giveBack({ waitMs, ...taken }) {
      const encoded = encodeHitBack(taken, keys)
      if (encoded === undefined) return
      await connection.run(scripts['hit-back'], { ...encoded, waitMs, silenceMs: silentMsMax })
    },
    async release({ counters, slotId }) {
      const places = counters.map((counter) => slotsKey(counter, keys))
      if (places.length > 0)
        await connection.run(scripts['let-go'], { keys: places, args: [slotId], waitMs: waitMsMax })
    },
  }
}

/** The answer alone. */
function told(answer: CountedHits | NotCounted): HitAnswer {
  return answer.kind === 'counted' ? { kind: 'counted', at: answer.at, states: answer.states } : answer
}

function learn({ clock, observer }: Parts, storeMs: number, sentMs: number): void {
  if (clock.learn(storeMs, sentMs)) return
  observer.count('store_clock_set_back_total')
  observer.warn('store_clock_set_back', { to_ms: storeMs })
}
