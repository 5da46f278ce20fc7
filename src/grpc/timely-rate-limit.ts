import type { RateLimit, RateLimitAnswer, RateLimitRequest } from '../check/rate-limit/rate-limit-words.ts'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import { answerBy } from './answer-by.ts'
import type { LoadGate } from './load-gate.ts'

export interface RateLimitOptions {
  readonly rateLimit: RateLimit
  /** Which calls are refused unread. */
  readonly gate: LoadGate
  /** A call is decided within this, whatever the caller's own deadline. */
  readonly callMsMax: number
  readonly observer: Observer
  readonly nowMs: () => number
}

/** Decides calls inside their deadlines, however they came. */
export class TimelyRateLimit {
  readonly #options: RateLimitOptions
  #inFlight = 0

  constructor(options: RateLimitOptions) {
    this.#options = options
  }

  /** Whether one more call is to be refused unread; asked once for each. */
  isOverloaded(): boolean {
    return this.#options.gate.overload(this.#inFlight) !== undefined
  }

  /**
   * Never rejects; a `Fault` is the caller's: the call is larger than what can be counted. The decision keeps to the margin of `answerBy` by itself, as its postures need; what does not is cut at half of it.
   *
   * @param callerMs when the caller stops waiting; Infinity when it did not say
   */
  decide(request: RateLimitRequest, callerMs: number): Promise<RateLimitAnswer | 'late' | 'failed' | Fault> {
    const { nowMs, callMsMax } = this.#options
    const now = nowMs()
    const deadlineMs = answerBy(callerMs, now, callMsMax)
    const cutMs = (deadlineMs + Math.min(callerMs, now + callMsMax)) / 2
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve('late'), Math.max(cutMs - now, 0))
      this.#enter(1)
      const end = (decided: RateLimitAnswer | 'failed' | Fault): void => {
        this.#enter(-1)
        clearTimeout(timer)
        resolve(decided)
      }
      this.#ask(request, deadlineMs).then(end, (error: unknown) => end(this.#failed(error)))
    })
  }

  #ask(request: RateLimitRequest, deadlineMs: number): Promise<RateLimitAnswer> {
    try {
      return this.#options.rateLimit(request, { deadlineMs })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #failed(error: unknown): 'failed' | Fault {
    if (error instanceof Fault && error.code === 'bad_request') return error
    this.#options.observer.warn('rate_limit_failed', { error })
    return 'failed'
  }

  #enter(by: 1 | -1): void {
    this.#inFlight += by
    this.#options.observer.set('rate_limits_in_flight', this.#inFlight)
  }
}
