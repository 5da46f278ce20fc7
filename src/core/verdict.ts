import type { WindowKind } from './limit.ts'
import type { LimitStructs } from './limit-structs.ts'
import type { CountedQuantity } from './quantity.ts'

/** Why a request is refused: the row of the answer table. */
export type Cause =
  | 'no_token'
  | 'wrong_token'
  | 'expired_token'
  | 'rate'
  | 'concurrency'
  | 'quota'
  | 'too_large'
  | 'denied'
  | 'bad_request'
  | 'unknown_upstream'
  | 'unavailable'
  | 'overloaded'

/** The limit that refused, in code units. */
export interface RefusedLimit {
  readonly name: string
  readonly counts: CountedQuantity
  readonly window?: WindowKind
  readonly used: number
  readonly amount: number
  /** What the request asked of it; 0 or absent when that is not worth a word. */
  readonly needs?: number
  /** End of the window; absent on rates. */
  readonly resetAtMs?: number
  readonly timeZone: string
  readonly refusesWith429: boolean
  /** Who the counter belongs to, for the sentence: `account`, `project`, … */
  readonly per: string
}

export interface Refusal {
  readonly cause: Cause
  readonly limit?: RefusedLimit
  /** Exact wait of a rate, milliseconds. */
  readonly retryAfterMs?: number
  /** An access rule's reason. */
  readonly reason?: string
}

export interface Header {
  readonly name: string
  readonly value: string
}

/** An answer sent by Envoy in our name. */
export interface Answer {
  readonly status: number
  readonly headers: readonly Header[]
  readonly body: string
}

/** What authorize decided, ready to be encoded. `metadata` values are strings: Envoy drops descriptors of numbers silently. */
export type Decision =
  | {
      readonly verdict: 'allow'
      readonly upstreamHeaders: readonly Header[]
      readonly removedHeaders: readonly string[]
      readonly responseHeaders: readonly Header[]
      readonly metadata: Readonly<Record<string, string>>
      /** Beside the metadata, where the route asks for it. */
      readonly limits?: LimitStructs
    }
  | {
      readonly verdict: 'throttle' | 'deny' | 'answer'
      /** A reason code for logs and metrics: a cause, or `landing`, `status`. */
      readonly reason: string
      readonly answer: Answer
      readonly metadata: Readonly<Record<string, string>>
    }
