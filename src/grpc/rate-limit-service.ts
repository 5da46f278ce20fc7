import type { RateLimitAnswer } from '../check/rate-limit/rate-limit-words.ts'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { DroppedHeader } from './check-response.ts'
import { createJsonRateLimit, type JsonRateLimit } from './json-rate-limit.ts'
import type { Call, Method } from './methods.ts'
import { decodeRateLimitRequest } from './rate-limit-request.ts'
import { encodeRateLimitResponse } from './rate-limit-response.ts'
import { type RateLimitOptions, TimelyRateLimit } from './timely-rate-limit.ts'

export interface RateLimitService {
  readonly method: Method
  /** The same over HTTP. */
  readonly json: JsonRateLimit
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

/**
 * `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`. Answers every call with gRPC OK inside the caller's deadline. A question that
 * cannot be read, or that `gate` does not let in, and one whose decision fails or is late is answered OVER_LIMIT without statuses:
 * a gRPC error or UNKNOWN would let the request pass (Envoy 1.40). `json` is the same question over HTTP.
 */
export function createRateLimitService(options: RateLimitOptions): RateLimitService {
  const timely = new TimelyRateLimit(options)
  const { observer } = options
  const onDropped: DroppedHeader = (name, why) => {
    observer.count('response_headers_dropped_total', { why })
    observer.warn('response_header_dropped', { name: name.slice(0, 64), why })
  }
  const parts = { timely, observer, onDropped, count: countersOf(observer) }
  return {
    method: {
      kind: 'unary',
      path: '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit',
      answer: (bytes, call) => answerCall(parts, bytes, call),
    },
    json: createJsonRateLimit(parts),
  }
}

interface Parts {
  readonly timely: TimelyRateLimit
  readonly observer: Observer
  readonly onDropped: DroppedHeader
  readonly count: Readonly<Record<RateLimitAnswer['code'] | Failure, (by: number) => void>>
}

/** Looked up once: each lies on the road of every call. */
function countersOf(observer: Observer): Parts['count'] {
  const counter = (code: string) => observer.counter('rate_limits_total', { code })
  return {
    ...{ ok: counter('OK'), over_limit: counter('OVER_LIMIT'), unreadable: counter('unreadable') },
    ...{ overloaded: counter('overloaded'), late: counter('late'), failed: counter('failed') },
  }
}

async function answerCall({ timely, observer, onDropped, count }: Parts, bytes: Buffer, call: Call): Promise<Buffer> {
  const startedMs = performance.now()
  const came = await decide(timely, bytes, call)
  // A call that cannot be counted as it is.
  const decided = came instanceof Fault ? 'unreadable' : came
  const isFailure = typeof decided === 'string'
  const reply = encode(isFailure ? refusals[decided] : decided, { observer, onDropped })
  count[isFailure ? decided : decided.code](1)
  if (decided !== 'overloaded') observer.time('rate_limit_duration_seconds', (performance.now() - startedMs) / 1_000)
  return reply
}

function decide(timely: TimelyRateLimit, bytes: Buffer, call: Call): Failure | ReturnType<TimelyRateLimit['decide']> {
  if (timely.isOverloaded()) return 'overloaded'
  const decoded = decodeRateLimitRequest(bytes)
  return decoded.ok ? timely.decide(decoded.request, call.headByMs) : 'unreadable'
}

function encode(answer: RateLimitAnswer, { observer, onDropped }: Pick<Parts, 'observer' | 'onDropped'>): Buffer {
  try {
    return encodeRateLimitResponse(answer, onDropped)
  } catch (error) {
    observer.warn('answer_failed', { error })
    return encodeRateLimitResponse(refusals.failed)
  }
}
