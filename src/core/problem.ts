import { utcTime } from './calendar-text.ts'
import type { Words } from './refusal-words.ts'
import { shownNumber } from './shown-amount.ts'
import type { Refusal } from './verdict.ts'

/** Where a refusal by a descriptor's limit is explained. */
export type DescriptorCause = 'rate_limit' | 'unavailable'

/** The body of a refusal (RFC 9457). Members about a limit are there when a limit refused; `retry_after_ms` on rates. */
export interface Problem {
  /** Where the refusal is explained: one anchor per cause. */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** Names this occurrence: the request's id. */
  readonly instance: string
  /** The limit's name. */
  readonly limit?: string
  /** In the unit that people see: credits, requests, bytes, GPU seconds. */
  readonly used?: number
  readonly amount?: number
  /** RFC 3339; of a rate, when the same request passes. */
  readonly reset_at?: string
  readonly retry_after_ms?: number
}

export interface Occurrence {
  readonly docsBase: string
  readonly requestId: string
  readonly status: number
  readonly nowMs: number
}

export function problemOf(refusal: Refusal, words: Words, occurrence: Occurrence): Problem {
  const { limit, retryAfterMs } = refusal
  const resetAtMs = limit?.resetAtMs ?? (retryAfterMs === undefined ? undefined : occurrence.nowMs + retryAfterMs)
  return {
    type: `${occurrence.docsBase}#${refusal.cause}`,
    title: words.title,
    status: occurrence.status,
    detail: words.detail,
    instance: instanceOf(occurrence.requestId),
    ...(limit && {
      limit: limit.name,
      used: shownNumber(limit.counts, limit.used),
      amount: shownNumber(limit.counts, limit.amount),
      ...(resetAtMs !== undefined && { reset_at: utcTime(resetAtMs) }),
    }),
    ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
  }
}

/** Envoy makes request ids UUIDs; anything else is filtered, for it may be the client's. */
function instanceOf(requestId: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(requestId)) return `urn:uuid:${requestId.toLowerCase()}`
  return `/-/requests/${requestId.replaceAll(/[^A-Za-z0-9-]/g, '').slice(0, 64) || 'unnamed'}`
}
