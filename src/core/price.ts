import type { RequestKind } from './request.ts'
import type { Surface } from './subject.ts'

/** From `fromBytes` (inclusive) up to the next tier's, each MB (10^6 bytes) costs `milliPerMb`. Marginal, as in a tax table. */
export interface PriceTier {
  readonly fromBytes: number
  readonly milliPerMb: number
}

/** How much a resource is in demand. */
export const heats = ['hot', 'normal', 'rare'] as const
export type Heat = (typeof heats)[number]

/** What travels in a ticket: enough to price the actual bytes without the policy of the day. */
export interface PriceParameters {
  readonly baseMilli: number
  /** Ascending by `fromBytes`, the first at 0; empty = bytes cost nothing. */
  readonly tiers: readonly PriceTier[]
  /** `by_size`: base + tiers of the bytes sent; `at_the_door`: base, final at the spend whatever is sent. */
  readonly charged: 'by_size' | 'at_the_door'
}

/** One row of `price_rule` with its tiers. Absent match fields match everything. */
export interface PriceRule extends PriceParameters {
  readonly id: string
  readonly surface: Surface
  readonly kind?: RequestKind
  /** RE2 pattern over the whole normalised package or model. */
  readonly packagePattern?: string
  readonly heat?: Heat
  /** Estimate of an artifact whose size is not known. */
  readonly assumedBytes: number
}
