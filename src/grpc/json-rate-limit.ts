import type { RateLimitAnswer } from '../check/rate-limit/rate-limit-words.ts'
import { Fault } from '../core/fault.ts'
import type { Observer } from '../telemetry/observer.ts'
import type { DroppedHeader } from './check-response.ts'
import { sendableHeaders } from './rate-limit-fields.ts'
import { decodeRateLimitJson, encodeRateLimitJson } from './rate-limit-json.ts'
import type { TimelyRateLimit } from './timely-rate-limit.ts'

/** An answer over HTTP; a plain object, so that it can be handed from process to process. */
export interface JsonReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Answers a question in protobuf's JSON. Never rejects. */
export type JsonRateLimit = (body: Buffer) => Promise<JsonReply>

const codes: Readonly<Record<RateLimitAnswer['code'], string>> = { ok: 'OK', over_limit: 'OVER_LIMIT' }
const retrySoon = { 'retry-after': '1' }
/** Those of an answer that speak of a body of Envoy's. */
const notOurs = new Set(['content-type', 'content-language'])

/**
 * `/json`, as envoyproxy/ratelimit has it: 200 and the RateLimitResponse when the call is OK, 429 and the RateLimitResponse when it is over its
 * limits, 400 and a sentence for each fault of the question, 503 when there is no room for one more call. A decision that is late or fails is
 * answered by `lateAnswer`; 503 or 500 where that says nothing. The response headers of the decision (`retry-after`, `ratelimit`, …) are headers of the answer too.
 */
export function createJsonRateLimit(parts: {
  readonly timely: TimelyRateLimit
  readonly observer: Observer
  readonly onDropped: DroppedHeader
}): JsonRateLimit {
  const { timely, observer, onDropped } = parts
  const count = (code: string): void => observer.count('rate_limits_total', { code })
  const refuse = (code: 'overloaded' | 'late'): JsonReply => {
    count(code)
    return problem(503, ['Tollgate has no answer in time: try again'], retrySoon)
  }
  const refuseUnread = (faults: readonly string[]): JsonReply => {
    count('unreadable')
    return problem(400, faults)
  }
  return async (body) => {
    if (timely.isOverloaded()) return refuse('overloaded')
    const decoded = decodeRateLimitJson(body)
    if (!decoded.ok) return refuseUnread(decoded.faults)
    const decided = await timely.decide(decoded.request, Number.POSITIVE_INFINITY)
    if (decided instanceof Fault) return refuseUnread([decided.message])
    const [answer, code] = 'why' in decided ? [decided.answer, decided.why] : [decided, codes[decided.code]]
    if (answer === undefined && code === 'late') return refuse('late')
    const reply = answer && replyOf(answer, { observer, onDropped })
    count(reply === undefined ? 'failed' : code)
    return reply ?? problem(500, ['Tollgate failed: its log says why'])
  }
}

/** Undefined when it cannot be written. */
function replyOf(
  answer: RateLimitAnswer,
  { observer, onDropped }: { readonly observer: Observer; readonly onDropped: DroppedHeader },
): JsonReply | undefined {
  try {
    const told = sendableHeaders(answer, () => undefined).filter(({ name }) => !notOurs.has(name))
    return {
      status: answer.code === 'ok' ? 200 : 429,
      headers: {
        ...Object.fromEntries(told.map(({ name, value }) => [name, value])),
        'content-type': 'application/json',
      },
      body: encodeRateLimitJson(answer, onDropped),
    }
  } catch (error) {
    observer.warn('answer_failed', { error })
    return undefined
  }
}

function problem(
  status: number,
  sentences: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): JsonReply {
  const titles: Readonly<Record<number, string>> = { 400: 'Bad request', 500: 'Failed', 503: 'Unavailable' }
  const body = JSON.stringify({ title: titles[status], status, detail: sentences.join('; ') })
  return { status, headers: { ...headers, 'content-type': 'application/problem+json' }, body }
}
