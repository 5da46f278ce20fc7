import type { LateAnswer } from '../check/rate-limit/late-answer.ts'
import type {
  RateLimit,
  RateLimitAnswer,
  RateLimitBounds,
  RateLimitRequest,
} from '../check/rate-limit/rate-limit-words.ts'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import { answerBy } from './answer-by.ts'
import type { LoadGate } from './load-gate.ts'

export interface RateLimitOptions {
  readonly rateLimit: RateLimit
  /** What a call is told that `rateLimit` does not decide, or not in time. */
  readonly lateAnswer: LateAnswer
  /** Which calls are refused unread. */
  readonly gate: LoadGate
  /** A call is decided within this, whatever the caller's own deadline. */
  readonly callMsMax: number
  readonly observer: Observer
  readonly nowMs: () => number
}

/** A call without a decision. */
export interface Undecided {
  readonly why: 'late' | 'failed'
  /** What its caller is told. Undefined: not even that is known. */
  readonly answer: RateLimitAnswer | undefined
}

/** What a caller takes from us who is told nothing of a decision. */
const refused: RateLimitAnswer = { code: 'over_limit', statuses: [], responseHeaders: [] }

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
   * Never rejects; a `Fault` is the caller's: the call is larger than what can be counted. The decision keeps to the margin of `answerBy` by
   * itself, as its postures need; what does not is cut at half of it. What a late decision took is given back where its caller was refused.
   *
   * @param callerMs when the caller stops waiting; Infinity when it did not say
   */
  decide(request: RateLimitRequest, callerMs: number): Promise<RateLimitAnswer | Undecided | Fault> {
    const { nowMs, callMsMax } = this.#options
    const now = nowMs()
    const deadlineMs = answerBy(callerMs, now, callMsMax)
    const cutMs = (deadlineMs + Math.min(callerMs, now + callMsMax)) / 2
    return new Promise((resolve) => {
      const bounds: { readonly deadlineMs: number; told: RateLimitAnswer | undefined } = { deadlineMs, told: undefined }
      let isEnded = false
      const cut = (): void => {
        if (isEnded) return
        const late = this.undecided('late', request)
        bounds.told = late.answer ?? refused
        resolve(late)
      }
      // After a stall of our own, all timers run at once, this one before what follows from those of the decision: look at that first.
      const timer = setTimeout(() => setImmediate(cut), Math.max(cutMs - now, 0))
      this.#enter(1)
      const end = (decided: RateLimitAnswer | Undecided | Fault): void => {
        isEnded = true
        this.#enter(-1)
        clearTimeout(timer)
        resolve(decided)
      }
      this.#ask(request, bounds).then(end, (error: unknown) => end(this.#failed(error, request)))
    })
  }

  /** Never throws. */
  undecided(why: Undecided['why'], request: RateLimitRequest): Undecided {
    try {
      return { why, answer: this.#options.lateAnswer(request) }
    } catch (error) {
      this.#options.observer.warn('late_answer_failed', { error })
      return { why, answer: undefined }
    }
  }

  #ask(request: RateLimitRequest, bounds: RateLimitBounds): Promise<RateLimitAnswer> {
    try {
      return this.#options.rateLimit(request, bounds)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #failed(error: unknown, request: RateLimitRequest): Undecided | Fault {
    if (error instanceof Fault && error.code === 'bad_request') return error
    this.#options.observer.warn('rate_limit_failed', { error })
    return this.undecided('failed', request)
  }

  #enter(by: 1 | -1): void {
    this.#inFlight += by
    this.#options.observer.set('rate_limits_in_flight', this.#inFlight)
  }
}
