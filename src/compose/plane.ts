import { refuse } from '../check/answers.ts'
import { createRateLimit } from '../check/rate-limit.ts'
import { createReport } from '../check/report.ts'
import { createRetryQueue, type RetryQueue } from '../check/retry-queue.ts'
import { refundOf } from '../core/refund.ts'
import type { Decision } from '../core/verdict.ts'
import { createAccessLogMethod } from '../grpc/access-log-service.ts'
import { createAuthorizationMethod } from '../grpc/authorization-service.ts'
import type { Method } from '../grpc/methods.ts'
import { createRateLimitMethod } from '../grpc/rate-limit-service.ts'
import { createMemorySizeCatalogue } from '../memory/size-catalogue.ts'
import { answersOf, type CheckRoom, createCheckRoom } from './check-room.ts'

/** What Envoy talks to, before a transport serves it. */
export interface Plane {
  readonly methods: readonly Method[]
  readonly retries: RetryQueue
}

export function createPlane(given: Omit<CheckRoom, 'sizes' | 'giveBack'> & { readonly onBroke: () => void }): Plane {
  const { settings, store, signer, observer } = given
  const sizes = createMemorySizeCatalogue()
  const answers = answersOf(settings)
  const retries = createRetryQueue({ report: (report) => store.report(report), observer, nowMs: Date.now })
  const giveBack = (decision: Decision): void => {
    const text = decision.metadata['ticket']
    const ticket = text === undefined ? undefined : signer.open(text, store.nowMs())
    // The spend has been answered, so nothing of it can start later than now.
    if (typeof ticket === 'object') retries.add(refundOf(ticket, store.nowMs()))
  }
  const check = createAuthorizationMethod({
    authorize: createCheckRoom({ ...given, sizes, giveBack: (refund) => retries.add(refund) }),
    refuse: (cause, facts) => refuse({ cause }, { facts: facts ?? noFacts }, answers),
    onUndelivered: giveBack,
    observer,
    checkMsMax: settings.TOLLGATE_CHECK_MS_MAX,
    inFlightMax: settings.TOLLGATE_IN_FLIGHT_MAX,
    nowMs: Date.now,
  })
  const report = createReport({
    store,
    retries,
    signer,
    sizes,
    observer,
    reservationMs: settings.TOLLGATE_RESERVATION_MS,
  })
  const methods = [
    check,
    createRateLimitMethod({ rateLimit: createRateLimit(), observer }),
    createAccessLogMethod({ report, observer, onBroke: given.onBroke }),
  ]
  return { methods, retries }
}

const noFacts = {
  method: '',
  host: '',
  target: '/',
  headers: new Map<string, string>(),
  address: 'unknown',
  requestId: '',
}
