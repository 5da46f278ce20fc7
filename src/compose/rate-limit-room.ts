import { createHash, randomBytes } from 'node:crypto'
import { createAdmit } from '../check/admit.ts'
import type { HitStore } from '../check/hit-ports.ts'
import { createLook } from '../check/look.ts'
import { createLateAnswer, type LateAnswer } from '../check/rate-limit/late-answer.ts'
import { createReadDescriptor } from '../check/rate-limit/principal/descriptor-principal.ts'
import type { Principals } from '../check/rate-limit/principal/own-call.ts'
import { createOwnLimits, type OwnLimits } from '../check/rate-limit/principal/own-limits.ts'
import { createStreamDone } from '../check/rate-limit/principal/stream-done.ts'
import type { RateLimit } from '../check/rate-limit/rate-limit-words.ts'
import { createRateLimit } from '../check/rate-limit.ts'
import { createReservationIds } from '../check/reservation-id.ts'
import type { Report } from '../core/charge.ts'
import { createPeriodMemo, type PeriodMemo } from '../core/period-window.ts'
import { createMemoryHitStore } from '../memory/hit-store.ts'
import { silentObserver } from '../telemetry/observer.ts'
import { answersOf, type CheckRoom, createWindows } from './check-room.ts'

export interface RateLimitRoom
  extends Pick<CheckRoom, 'settings' | 'policy' | 'store' | 'seed' | 'signer' | 'observer' | 'away'> {
  readonly hits: HitStore
  /** Last known number of processes that share the limits, at least 1. */
  readonly processes: () => number
  /** Takes a report over that the store did not take. */
  readonly keep: (report: Report) => void
}

/** Each some hundred bytes: what an outage may cost in memory is below 50 MB. */
const localCountersMax = 100_000

export function createRateLimitRoom(room: RateLimitRoom): {
  readonly rateLimit: RateLimit
  readonly lateAnswer: LateAnswer
} {
  const { settings, hits } = room
  const { askAt, docsBase } = answersOf(settings)
  const memo = createPeriodMemo()
  let local: HitStore | undefined
  const openLocal = (): HitStore => {
    local = createMemoryHitStore({ nowMs: () => hits.nowMs(), countersMax: localCountersMax, observer: silentObserver })
    return local
  }
  /** Slots may be held here from a time when the store was away. */
  const release: HitStore['release'] = async (slots) => {
    await local?.release(slots)
    await hits.release(slots)
  }
  const deps = {
    ...room,
    openLocal,
    principals: principalsOf({ ...room, release }, memo),
    nowMs: Date.now,
    memo,
    digest: digestOf,
    answers: { askAt, docsBase },
    nearPercent: settings.TOLLGATE_NEAR_PERCENT,
  }
  // What a late call came to was counted when it was decided, or will be.
  return { rateLimit: createRateLimit(deps), lateAnswer: createLateAnswer({ ...deps, observer: silentObserver }) }
}

function principalsOf(room: RateLimitRoom & { readonly release: HitStore['release'] }, memo: PeriodMemo): Principals {
  const { store, hits, release, seed, away, observer, signer, settings, keep } = room
  const own = createOwnLimits({
    ...{ store, keep, within, windowsAt: createWindows() },
    admit: createAdmit({ store, seed, away, observer }),
    look: createLook({ store, seed }),
    mintId: createReservationIds(randomBytes),
    reservationMs: settings.TOLLGATE_RESERVATION_MS,
  })
  return {
    ...{ own: inClockOf(store, { own, hits }), within },
    readDescriptor: createReadDescriptor({ signer, nowMs: () => store.nowMs(), digest: digestOf }),
    streamDone: createStreamDone({
      ...{ store, digest: digestOf, memo, observer },
      hits: { release, nowMs: () => hits.nowMs() },
    }),
  }
}

/** A call's last instant is told in the clock of who counts its hits, which may be another server than the one that spends. */
function inClockOf(
  store: Pick<RateLimitRoom['store'], 'nowMs'>,
  { own, hits }: { readonly own: OwnLimits; readonly hits: Pick<HitStore, 'nowMs'> },
): OwnLimits {
  const translated = <Asked extends { readonly notAfterMs: number }>(asked: Asked): Asked => ({
    ...asked,
    notAfterMs: Math.floor(asked.notAfterMs + store.nowMs() - hits.nowMs()),
  })
  return {
    show: (ticket, asked) => own.show(ticket, translated(asked)),
    spend: (account, asked) => own.spend(account, translated(asked)),
  }
}

/** As UTF-16, because as UTF-8 all halves of a pair of surrogates are the same. */
function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf16le').digest('base64url')
}

async function within<T>(asked: Promise<T>, leftMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, leftMs))
  })
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}
