import type { RateLimit, RateLimitAnswer, RateLimitRequest } from '../check/rate-limit-words.ts'
import type { Observer } from '../telemetry/observer.ts'
import { answerBy } from './answer-by.ts'
import type { LoadGate } from './load-gate.ts'
import type { Call, Method } from './methods.ts'
import { decodeRateLimitRequest } from './rate-limit-request.ts'
import { encodeRateLimitResponse } from './rate-limit-response.ts'

export interface RateLimitOptions {
  readonly rateLimit: RateLimit
  /** Which calls are refused unread. */
  readonly gate: LoadGate
  /** A call is decided within this, whatever the caller's own deadline. */
  readonly callMsMax: number
  readonly observer: Observer
  readonly nowMs: () => number
}

/** Why a call is refused without having been decided. */
type Failure = 'unreadable' | 'overloaded' | 'late' | 'failed'

/** Ours to mend, and soon mended: who is refused for it may come back at once. */
const ownFault: RateLimitAnswer = {
  code: 'over_limit',
  statuses: [],
  responseHeaders: [{ name: 'retry-after', value: '1' }],
}
const refusals: Readonly<Record<Failure, RateLimitAnswer>> = {
  unreadable: { code: 'over_limit', statuses: [], responseHeaders: [] },
  overloaded: ownFault,
  late: ownFault,
  failed: ownFault,
}
const words = { ok: 'OK', over_limit: 'OVER_LIMIT' } as const

/**
 * `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`. Answers every call with gRPC OK inside the caller's deadline. A question that
 * cannot be read, or that `gate` does not let in, and one whose decision fails or is late is answered OVER_LIMIT without statuses:
 * a gRPC error or UNKNOWN would let the request pass (Envoy 1.40).
 */
export function createRateLimitMethod(options: RateLimitOptions): Method {
  const service = new RateLimitService(options)
  return {
    kind: 'unary',
    path: '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit',
    answer: (bytes, call) => service.answer(bytes, call),
  }
}

class RateLimitService {
  readonly #options: RateLimitOptions
  #inFlight = 0

  constructor(options: RateLimitOptions) {
    this.#options = options
  }

  async answer(bytes: Buffer, call: Call): Promise<Buffer> {
    const startedMs = performance.now()
    const decided = await this.#decide(bytes, call)
    const answer = typeof decided === 'string' ? refusals[decided] : decided
    const reply = this.#encode(answer)
    const { observer } = this.#options
    observer.count('rate_limits_total', { code: typeof decided === 'string' ? decided : words[decided.code] })
    if (decided !== 'overloaded') observer.time('rate_limit_duration_seconds', (performance.now() - startedMs) / 1_000)
    return reply
  }

  #decide(bytes: Buffer, call: Call): Failure | Promise<RateLimitAnswer | Failure> {
    const { gate } = this.#options
    if (gate.overload(this.#inFlight) !== undefined) return 'overloaded'
    const decoded = decodeRateLimitRequest(bytes)
    if (!decoded.ok) return 'unreadable'
    return this.#askInTime(decoded.request, call)
  }

  /** The decision keeps to the margin of `answerBy` by itself, as its postures need; what does not is cut at half of it. */
  #askInTime(request: RateLimitRequest, call: Call): Promise<RateLimitAnswer | Failure> {
    const { nowMs, callMsMax } = this.#options
    const now = nowMs()
    const deadlineMs = answerBy(call.headByMs, now, callMsMax)
    const cutMs = (deadlineMs + Math.min(call.headByMs, now + callMsMax)) / 2
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve('late'), Math.max(cutMs - now, 0))
      void this.#ask(request, deadlineMs).then((decided) => {
        clearTimeout(timer)
        resolve(decided)
      })
    })
  }

  /** Never rejects. */
  async #ask(request: RateLimitRequest, deadlineMs: number): Promise<RateLimitAnswer | Failure> {
    this.#enter(1)
    try {
      return await this.#options.rateLimit(request, { deadlineMs })
    } catch (error) {
      this.#options.observer.warn('rate_limit_failed', { error })
      return 'failed'
    } finally {
      this.#enter(-1)
    }
  }

  #enter(by: 1 | -1): void {
    this.#inFlight += by
    this.#options.observer.set('rate_limits_in_flight', this.#inFlight)
  }

  #encode(answer: RateLimitAnswer): Buffer {
    const { observer } = this.#options
    try {
      return encodeRateLimitResponse(answer, (name, why) => {
        observer.count('response_headers_dropped_total', { why })
        observer.warn('response_header_dropped', { name: name.slice(0, 64), why })
      })
    } catch (error) {
      observer.warn('answer_failed', { error })
      return encodeRateLimitResponse(refusals.failed)
    }
  }
}
