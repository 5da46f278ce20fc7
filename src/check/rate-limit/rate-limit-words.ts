import type { RateUnit } from '../../core/descriptor-rule.ts'
import type { Header } from '../../core/verdict.ts'

/** One of Envoy's rate limit questions, its words unchanged. */
export interface RateLimitRequest {
  readonly domain: string
  readonly descriptors: readonly RateLimitDescriptor[]
  /** For descriptors without their own; 0 = count 1. */
  readonly hitsAddend: number
}

export interface RateLimitDescriptor {
  readonly entries: readonly DescriptorEntry[]
  /** Absent: count as the request says. A real 0 only looks. Saturated to 2^53 − 1. */
  readonly hitsAddend?: number
  /** Its hits are given back, not taken. */
  readonly isNegativeHits?: boolean
  /** A limit that the caller brings along. `unit` undefined: a number that is no unit. */
  readonly override?: { readonly requestsPerUnit: number; readonly unit: RateUnit | undefined }
}

export interface DescriptorEntry {
  readonly key: string
  readonly value: string
}

/** What one descriptor came to, in the order of the request. */
export interface DescriptorStatus {
  readonly code: 'ok' | 'over_limit'
  /** The limit closest to its end; absent where none applies. `unit` undefined: the period is no single unit. */
  readonly limit?: { readonly requestsPerUnit: number; readonly unit: RateUnit | undefined; readonly name: string }
  /** Hits left. May be above 2^32: the codec saturates. `Infinity`: unlimited. */
  readonly remaining: number
  /** Absent where no limit applies. */
  readonly resetMs?: number
}

export interface RateLimitAnswer {
  readonly code: 'ok' | 'over_limit'
  /** One per descriptor. */
  readonly statuses: readonly DescriptorStatus[]
  /** Added to the response to the client, also when it passes. */
  readonly responseHeaders: readonly Header[]
  /** Only with `over_limit`. */
  readonly body?: string
  readonly metadata?: Readonly<Record<string, unknown>>
}

export interface RateLimitBounds {
  /** Epoch ms of this machine's clock. */
  readonly deadlineMs: number
  /** What the caller was told meanwhile, because the decision was late: what that refused is given back. */
  readonly told?: RateLimitAnswer | undefined
}

/** Decides one call by its deadline; throws only on faults of ours. */
export type RateLimit = (request: RateLimitRequest, bounds: RateLimitBounds) => Promise<RateLimitAnswer>
