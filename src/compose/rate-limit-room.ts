import { createHash, randomBytes } from 'node:crypto'
import type { HitStore } from '../check/hit-ports.ts'
import type { PolicySource } from '../check/ports.ts'
import { createRateLimit } from '../check/rate-limit.ts'
import type { RateLimit } from '../check/rate-limit-words.ts'
import { createReservationIds } from '../check/reservation-id.ts'
import { createMemoryHitStore } from '../memory/hit-store.ts'
import type { Settings } from '../settings.ts'
import type { Observer } from '../telemetry/observer.ts'
import { silentObserver } from '../telemetry/observer.ts'
import { answersOf } from './check-room.ts'

export interface RateLimitRoom {
  readonly settings: Settings
  readonly policy: PolicySource
  readonly hits: HitStore
  /** Last known number of processes that share the limits, at least 1. */
  readonly processes: () => number
  readonly observer: Observer
}

/** Each some hundred bytes: what an outage may cost in memory is below 50 MB. */
const localCountersMax = 100_000

export function createRateLimitRoom(room: RateLimitRoom): RateLimit {
  const { settings, hits } = room
  const { askAt, docsBase } = answersOf(settings)
  return createRateLimit({
    ...room,
    openLocal: () =>
      createMemoryHitStore({
        ...{ nowMs: () => hits.nowMs(), countersMax: localCountersMax, observer: silentObserver },
      }),
    nowMs: Date.now,
    digest: digestOf,
    mintId: createReservationIds(randomBytes),
    answers: { askAt, docsBase },
    nearPercent: settings.TOLLGATE_NEAR_PERCENT,
  })
}

/** As UTF-16, because as UTF-8 all halves of a pair of surrogates are the same. */
function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf16le').digest('base64url')
}
