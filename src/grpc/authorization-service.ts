import type { RequestFacts } from '../core/request.ts'
import type { Cause, Decision } from '../core/verdict.ts'
import type { Observer } from '../telemetry/observer.ts'
import { decodeCheckRequest } from './check-request.ts'
import { type DroppedHeader, encodeCheckResponse } from './check-response.ts'
import { type CheckBounds, type Decided, decideInTime } from './decide-in-time.ts'
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
  /** A Check answers within this, whatever the caller's own deadline. */
  readonly checkMsMax: number
  /** Checks decided at once; more are refused unread. */
  readonly inFlightMax: number
  readonly nowMs: () => number
}

/** Kept for the way back: encoding, our event loop, Envoy's. A quarter of the time left where that is less. */
const marginMsMax = 20

/** What is sent when even the answer table fails; the one status outside of it. */
const bareRefusal: Decision = {
  verdict: 'deny',
  reason: 'unavailable',
  answer: { status: 503, headers: [], body: '' },
  metadata: {},
}

/**
 * `envoy.service.auth.v3.Authorization/Check`. Answers every call with gRPC OK and a CheckResponse inside the caller's deadline:
 * a late or failed decision is refused as `unavailable`, bytes that cannot be read as `bad_request`, more than `inFlightMax` at once as
 * `overloaded`. A decision that settles too late, or whose caller left first, goes to `onUndelivered`.
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
  #inFlight = 0

  constructor(options: AuthorizationOptions) {
    this.#options = options
  }

  async answer(bytes: Buffer, call: Call): Promise<Buffer> {
    const started = performance.now()
    const decision = await this.#decide(bytes, call, this.#options.nowMs())
    const reply = this.#encode(decision)
    this.#count(decision, performance.now() - started)
    return reply
  }

  async #decide(bytes: Buffer, call: Call, startedMs: number): Promise<Decision> {
    if (this.#inFlight >= this.#options.inFlightMax) return this.#refuse('overloaded', undefined)
    const decoded = decodeCheckRequest(bytes)
    if (!decoded.ok) {
      this.#options.observer.count('bad_checks_total', { why: decoded.reason })
      return this.#refuse('bad_request', undefined)
    }
    const { facts } = decoded
    const decided = await this.#askInTime(facts, call, startedMs)
    if (typeof decided !== 'string') return decided
    this.#options.observer.count('checks_abandoned_total', { why: decided })
    return this.#refuse('unavailable', facts)
  }

  #askInTime(facts: RequestFacts, call: Call, startedMs: number): Promise<Decided> {
    const { authorize, observer, checkMsMax } = this.#options
    this.#inFlight += 1
    observer.set('checks_in_flight', this.#inFlight)
    return decideInTime({
      decide: (bounds) => authorize(facts, bounds),
      call,
      nowMs: startedMs,
      deadlineMs: answerBy(call.deadlineMs, startedMs, checkMsMax),
      onSettled: () => {
        this.#inFlight -= 1
        observer.set('checks_in_flight', this.#inFlight)
      },
      onUndelivered: (decision) => this.#giveBack(decision),
      onFailed: (error) => observer.warn('check_failed', { error, requestId: facts.requestId }),
    })
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

function answerBy(callDeadlineMs: number, startedMs: number, checkMsMax: number): number {
  const leftMs = Math.max(Math.min(callDeadlineMs - startedMs, checkMsMax), 0)
  return startedMs + leftMs - Math.min(marginMsMax, leftMs / 4)
}
