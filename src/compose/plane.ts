import { refuse } from '../check/answers.ts'
import type { HitStore } from '../check/hit-ports.ts'
import { createReport } from '../check/report.ts'
import { createSlotQueue } from '../check/slot-queue.ts'
import { tellReleases } from '../check/tell-releases.ts'
import { createWithoutStore } from '../check/without-store.ts'
import type { Report } from '../core/charge.ts'
import { refundOf } from '../core/refund.ts'
import type { Decision } from '../core/verdict.ts'
import { openSpool } from '../files/spool.ts'
import { createAccessLogMethod } from '../grpc/access-log-service.ts'
import { createAuthorizationMethod } from '../grpc/authorization-service.ts'
import { createHolds } from '../grpc/holds.ts'
import type { JsonRateLimit } from '../grpc/json-rate-limit.ts'
import { createLoadGate, type LoadGate } from '../grpc/load-gate.ts'
import type { Method } from '../grpc/methods.ts'
import { createRateLimitService } from '../grpc/rate-limit-service.ts'
import { createLocalStore } from '../memory/local-store.ts'
import type { Settings } from '../settings.ts'
import { silentObserver } from '../telemetry/observer.ts'
import { answersOf, type CheckRoom, createCheckRoom } from './check-room.ts'
import { createRateLimitRoom } from './rate-limit-room.ts'
import { watchSpool } from './watch-store.ts'

/** What Envoy talks to, before a transport serves it. */
export interface Plane {
  readonly methods: readonly Method[]
  /** Rate limit calls over HTTP. */
  readonly json: JsonRateLimit
  /** Lets all go who are kept waiting, and keeps nobody from then on: before a drain. */
  endHolds(): void
}

type PlaneParts = Omit<CheckRoom, 'away' | 'slots'> & {
  /** What descriptors count. */
  readonly hits: HitStore
  readonly onBroke: () => void
  /** Last known number of processes on the store. */
  readonly processes: () => number
  readonly warnings?: Set<string>
}

/** Opens the spool too, which is emptied once more, as far as the store answers, when the stack is undone. */
export async function createPlane(started: AsyncDisposableStack, parts: PlaneParts): Promise<Plane> {
  const { settings, signer, observer } = parts
  const slots = createSlotQueue(every)
  const store = tellReleases(parts.store, slots)
  const given = { ...parts, store, slots }
  const holds = createHolds(observer)
  const gate = gateOf(settings)
  const answers = answersOf(settings)
  const { away, keep } = await openAway(started, given)
  const giveBack = (decision: Decision): void => {
    const text = decision.metadata['ticket']
    const ticket = text === undefined ? undefined : signer.open(text, store.nowMs())
    // The spend has been answered, so nothing of it can start later than now.
    if (typeof ticket === 'object') keep(refundOf(ticket, store.nowMs()))
  }
  const check = createAuthorizationMethod({
    authorize: createCheckRoom({ ...given, away }),
    refuse: (cause, facts) => refuse({ cause }, { facts: facts ?? noFacts }, answers),
    onUndelivered: giveBack,
    observer,
    holds,
    gate,
    checkMsMax: settings.TOLLGATE_CHECK_MS_MAX,
    nowMs: Date.now,
  })
  const report = createReport({
    store,
    keep,
    signer,
    ...given.learning,
    observer,
    reservationMs: settings.TOLLGATE_RESERVATION_MS,
  })
  const rateLimits = createRateLimitService({
    ...createRateLimitRoom({ ...given, away, keep }),
    ...{ gate, observer, nowMs: Date.now },
    callMsMax: settings.TOLLGATE_CHECK_MS_MAX,
  })
  const methods = [check, rateLimits.method, createAccessLogMethod({ report, observer, onBroke: given.onBroke })]
  return { methods, json: rateLimits.json, endHolds: () => holds.end() }
}

/** A turn of the event loop may take a quarter of the time that a Check has: two of them in a row and the answer still is in time. */
function gateOf({ TOLLGATE_IN_FLIGHT_MAX: inFlightMax, TOLLGATE_CHECK_MS_MAX: checkMsMax }: Settings): LoadGate {
  return createLoadGate({
    inFlightMax,
    turnMsMax: checkMsMax / 4,
    nowMs: () => performance.now(),
    afterTurn: (callback) => void setImmediate(callback),
  })
}

function every(callback: () => void, intervalMs: number): () => void {
  const timer = setInterval(callback, intervalMs)
  return () => clearInterval(timer)
}

/** What carries on while the store is away: the spool, and shares of this process. */
async function openAway(started: AsyncDisposableStack, parts: PlaneParts) {
  const { settings, store, observer, processes, warnings = new Set<string>() } = parts
  const nowMs = (): number => store.nowMs()
  const opened = await openSpool({
    dataFolder: settings.TOLLGATE_DATA_FOLDER,
    bytesMax: settings.TOLLGATE_SPOOL_MB_MAX * 1_000_000,
    report: (report) => store.report(report),
    storeNowMs: nowMs,
    nowMs: Date.now,
    observer,
  })
  started.defer(() => opened.stop())
  const spool = watchSpool(started, { spool: opened, warnings })
  const openLocal = () => createLocalStore({ nowMs, observer: silentObserver })
  const away = createWithoutStore({ spool, openLocal, processes, nowMs, observer })
  const keep = (report: Report): void => {
    away.reported(report)
    spool.add(report)
  }
  return { away, keep }
}

const noFacts = {
  method: '',
  host: '',
  target: '/',
  headers: new Map<string, string>(),
  address: 'unknown',
  requestId: '',
}
