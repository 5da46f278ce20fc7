import type { RateLimitAnswer, RateLimitRequest } from '../check/rate-limit/rate-limit-words.ts'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { DroppedHeader } from './check-response.ts'
import { createJsonRateLimit, type JsonRateLimit } from './json-rate-limit.ts'
import type { Call, Method } from './methods.ts'
import { decodeRateLimitRequest } from './rate-limit-request.ts'
import { encodeRateLimitResponse } from './rate-limit-response.ts'
import { type RateLimitOptions, TimelyRateLimit, type Undecided } from './timely-rate-limit.ts'

export interface RateLimitService {
  readonly method: Method
  /** The same over HTTP. */
  readonly json: JsonRateLimit
}

/** Why a call was not decided. */
type Failure = 'unreadable' | 'overloaded' | Undecided['why']

/** Ours to mend, and soon mended: who is refused for it may come back at once. */
const ownFault: RateLimitAnswer = {
  code: 'over_limit',
  statuses: [],
  responseHeaders: [{ name: 'retry-after', value: '1' }],
}
const unreadable: RateLimitAnswer = { code: 'over_limit', statuses: [], responseHeaders: [] }

/**
 * `envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit`. Answers every call with gRPC OK inside the caller's deadline. A question whose
 * decision fails or is late is answered by `lateAnswer`; one that cannot be read, or that `gate` does not let in, OVER_LIMIT without statuses:
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

async function answerCall(parts: Parts, bytes: Buffer, call: Call): Promise<Buffer> {
  const { timely, observer, count } = parts
  if (timely.isOverloaded()) {
    count.overloaded(1)
    return encodeRateLimitResponse(ownFault)
  }
  const startedMs = performance.now()
  const decoded = decodeRateLimitRequest(bytes)
  const decided = decoded.ok ? await timely.decide(decoded.request, call.headByMs) : undefined
  const reply = decoded.ok && decided ? replyOf(decided, decoded.request, parts) : unread(parts)
  observer.time('rate_limit_duration_seconds', (performance.now() - startedMs) / 1_000)
  return reply
}

function unread({ count }: Parts): Buffer {
  count.unreadable(1)
  return encodeRateLimitResponse(unreadable)
}

function replyOf(decided: RateLimitAnswer | Undecided | Fault, request: RateLimitRequest, parts: Parts): Buffer {
  // A call that cannot be counted as it is.
  if (decided instanceof Fault) return unread(parts)
  if ('why' in decided) return undecided(decided, parts)
  try {
    const reply = encodeRateLimitResponse(decided, parts.onDropped)
    parts.count[decided.code](1)
    return reply
  } catch (error) {
    parts.observer.warn('answer_failed', { error })
    return undecided(parts.timely.undecided('failed', request), parts)
  }
}

function undecided({ why, answer }: Undecided, { count, observer, onDropped }: Parts): Buffer {
  count[why](1)
  try {
    return encodeRateLimitResponse(answer ?? ownFault, onDropped)
  } catch (error) {
    observer.warn('answer_failed', { error })
    return encodeRateLimitResponse(ownFault)
  }
}
