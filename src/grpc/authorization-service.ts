import type { RequestFacts } from '../core/request.ts'
import type { Cause, Decision } from '../core/verdict.ts'
import type { Observer } from '../telemetry/observer.ts'
import { answerBy } from './answer-by.ts'
import { decodeCheckRequest } from './check-request.ts'
import { type DroppedHeader, encodeCheckResponse } from './check-response.ts'
import { type CheckBounds, type Decided, decideInTime } from './decide-in-time.ts'
import type { Holds } from './holds.ts'
import type { LoadGate } from './load-gate.ts'
import type { Call, Method } from './methods.ts'

export interface AuthorizationOptions {
  readonly authorize: (facts: RequestFacts, bounds: CheckBounds) => Promise<Decision>
  /** The answer table's row for a cause; `facts` are absent where nothing was read. */
  readonly refuse: (
    cause: Extract<Cause, 'unavailable' | 'overloaded' | 'bad_request'>,
    facts: RequestFacts | undefined,
  ) => Decision
  /** A decision that reached nobody: what it took must be given back. */
  readonly onUndelivered: (decision: Decision) => void
  readonly observer: Observer
  readonly holds: Holds
  /** A Check is decided within this, whatever the caller's own deadline; a hold comes on top. */
  readonly checkMsMax: number
  /** Which Checks are refused unread. */
  readonly gate: LoadGate
  readonly nowMs: () => number
}

/** What is sent when even the answer table fails; the one status outside of it. */
const bareRefusal: Decision = {
  verdict: 'deny',
  reason: 'unavailable',
  answer: { status: 503, headers: [], body: '' },
  metadata: {},
}

/**
 * `envoy.service.auth.v3.Authorization/Check`. Answers every call with gRPC OK and a CheckResponse inside the caller's deadline:
 * a late or failed decision is refused as `unavailable`, bytes that cannot be read as `bad_request`, what `gate` does not let in as
 * `overloaded`, by an answer made beforehand. A decision that settles too late, or whose caller left first, goes to `onUndelivered`.
 */
export function createAuthorizationMethod(options: AuthorizationOptions): Method {
  const service = new AuthorizationService(options)
  return {
    kind: 'unary',
    path: '/envoy.service.auth.v3.Authorization/Check',
    answer: (bytes, call) => service.answer(bytes, call),
  }
}

class AuthorizationService {
  readonly #options: AuthorizationOptions
  readonly #shed: Promise<Buffer>
  #inFlight = 0

  constructor(options: AuthorizationOptions) {
    this.#options = options
    this.#shed = Promise.resolve(this.#encode(this.#refuse('overloaded', undefined)))
  }

  answer(bytes: Buffer, call: Call): Promise<Buffer> {
    const { gate, observer } = this.#options
    const why = gate.overload(this.#inFlight)
    if (why === undefined) return this.#answer(bytes, call)
    observer.count('checks_shed_total', { why })
    observer.count('checks_total', { verdict: 'deny', reason: 'overloaded' })
    return this.#shed
  }

  async #answer(bytes: Buffer, call: Call): Promise<Buffer> {
    const watch = new Stopwatch()
    const decision = await this.#decide(bytes, call, watch)
    const reply = this.#encode(decision)
    this.#count(decision, watch.stop())
    return reply
  }

  async #decide(bytes: Buffer, call: Call, watch: Stopwatch): Promise<Decision> {
    const decoded = decodeCheckRequest(bytes)
    if (!decoded.ok) {
      this.#options.observer.count('bad_checks_total', { why: decoded.reason })
      return this.#refuse('bad_request', undefined)
    }
    const { facts } = decoded
    const decided = await this.#askInTime(facts, call, watch)
    if (typeof decided !== 'string') return decided
    this.#options.observer.count('checks_abandoned_total', { why: decided })
    return this.#refuse('unavailable', facts)
  }

  #askInTime(facts: RequestFacts, call: Call, watch: Stopwatch): Promise<Decided> {
    const { authorize, observer, holds, nowMs, checkMsMax } = this.#options
    this.#enter(1)
    return decideInTime({
      decide: (bounds) => authorize(facts, bounds),
      call,
      holds,
      nowMs,
      deadlineAfter: (now, isHeadSent) => answerBy(isHeadSent ? call.deadlineMs : call.headByMs, now, checkMsMax),
      onHeld: (isHeld) => {
        watch.hold(isHeld)
        this.#enter(isHeld ? -1 : 1)
      },
      onSettled: () => this.#enter(-1),
      onUndelivered: (decision) => this.#giveBack(decision),
      onFailed: (error) => observer.warn('check_failed', { error, requestId: facts.requestId }),
    })
  }

  #enter(by: 1 | -1): void {
    this.#inFlight += by
    this.#options.observer.set('checks_in_flight', this.#inFlight)
  }

  #refuse(cause: Parameters<AuthorizationOptions['refuse']>[0], facts: RequestFacts | undefined): Decision {
    try {
      return this.#options.refuse(cause, facts)
    } catch (error) {
      this.#options.observer.warn('refusal_failed', { error, cause })
      return bareRefusal
    }
  }

  #encode(decision: Decision): Buffer {
    const { observer } = this.#options
    const onDropped: DroppedHeader = (name, why) => {
      observer.count('response_headers_dropped_total', { why })
      observer.warn('response_header_dropped', { name: name.slice(0, 64), why })
    }
    try {
      return encodeCheckResponse(decision, onDropped)
    } catch (error) {
      observer.warn('answer_failed', { error })
      this.#giveBack(decision)
      return encodeCheckResponse(bareRefusal)
    }
  }

  #giveBack(decision: Decision): void {
    try {
      this.#options.observer.count('checks_undelivered_total', { verdict: decision.verdict })
      this.#options.onUndelivered(decision)
    } catch (error) {
      this.#options.observer.warn('undelivered_failed', { error })
    }
  }

  #count(decision: Decision, tookMs: number): void {
    const { observer } = this.#options
    const reason = decision.verdict === 'allow' ? 'none' : decision.reason
    observer.count('checks_total', { verdict: decision.verdict, reason })
    observer.time('check_duration_seconds', tookMs / 1000)
  }
}

/** The time that deciding takes, holds left out. */
class Stopwatch {
  readonly #startedMs = performance.now()
  #heldMs = 0
  #heldSinceMs: number | undefined

  hold(isHeld: boolean): void {
    const nowMs = performance.now()
    if (this.#heldSinceMs !== undefined) this.#heldMs += nowMs - this.#heldSinceMs
    this.#heldSinceMs = isHeld ? nowMs : undefined
  }

  stop(): number {
    this.hold(false)
    return performance.now() - this.#startedMs - this.#heldMs
  }
}
