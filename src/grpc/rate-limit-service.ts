import type { RateLimitAnswer } from '../check/rate-limit-words.ts'
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
const words = { ok: 'OK', over_limit: 'OVER_LIMIT' } as const

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
  const parts = { timely, observer, onDropped }
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
}

async function answerCall({ timely, observer, onDropped }: Parts, bytes: Buffer, call: Call): Promise<Buffer> {
  const startedMs = performance.now()
  const decided = await decide(timely, bytes, call)
  const reply = encode(typeof decided === 'string' ? refusals[decided] : decided, { observer, onDropped })
  observer.count('rate_limits_total', { code: typeof decided === 'string' ? decided : words[decided.code] })
  if (decided !== 'overloaded') observer.time('rate_limit_duration_seconds', (performance.now() - startedMs) / 1_000)
  return reply
}

function decide(timely: TimelyRateLimit, bytes: Buffer, call: Call): Failure | Promise<RateLimitAnswer | Failure> {
  if (timely.isOverloaded()) return 'overloaded'
  const decoded = decodeRateLimitRequest(bytes)
  if (!decoded.ok) return 'unreadable'
  return timely
    .decide(decoded.request, call.headByMs)
    .then((decided) => (decided instanceof Fault ? 'unreadable' : decided))
}

function encode(answer: RateLimitAnswer, { observer, onDropped }: Omit<Parts, 'timely'>): Buffer {
  try {
    return encodeRateLimitResponse(answer, onDropped)
  } catch (error) {
    observer.warn('answer_failed', { error })
    return encodeRateLimitResponse(refusals.failed)
  }
}
