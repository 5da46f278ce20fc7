import type { Posture } from './limit.ts'
import type { Surface } from './subject.ts'

/** Units of a window or rate as Envoy's rate limit API names them. */
export const rateUnits = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const
export type RateUnit = (typeof rateUnits)[number]

/** What the value of one entry must be. `wildcard`: `*` stands for any text, several allowed. `regex`: RE2, the whole value. */
export type ValueMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'wildcard'; readonly value: string }
  | { readonly kind: 'regex'; readonly pattern: string }
  | { readonly kind: 'cidr'; readonly cidr: string }

/** One entry of a rule's path. */
export interface DescriptorStep {
  readonly key: string
  readonly match: ValueMatch
  /** All values that match count together. */
  readonly sharesThreshold: boolean
  readonly valueToMetric: boolean
}

/** `units` × `unit` long. With a zone on its calendar, else of fixed length since the epoch: a month of 30 days, a year of 365. */
export interface Period {
  readonly unit: RateUnit
  readonly units: number
  readonly timeZone?: string
}

/** How much there is of a descriptor. */
export type DescriptorAmount =
  | { readonly kind: 'window'; readonly amount: number; readonly period: Period }
  | { readonly kind: 'rate'; readonly amount: number; readonly burst: number; readonly period: Period }
  | { readonly kind: 'concurrency'; readonly amount: number; readonly slotMs: number }
  | { readonly kind: 'unlimited' }
  /** Matched, and no limit. */
  | { readonly kind: 'none' }

/** One row of `descriptor_limit`, validated. */
export interface DescriptorRule {
  readonly id: string
  readonly domain: string
  readonly steps: readonly DescriptorStep[]
  readonly position: number
  readonly name?: string
  readonly amount: DescriptorAmount
  /** Names of the limits that do not apply to a call to which this one applies. */
  readonly replaces: readonly string[]
  readonly shadow: boolean
  readonly quotaMode: boolean
  readonly detailedMetric: boolean
  /** Absent: as the domain says. */
  readonly chargesRefused?: boolean
  readonly posture?: Posture
  /** Stands for a row that is not valid: it refuses whatever it applies to, if its posture, or else the domain's, is `deny`. */
  readonly isFaulty?: true
}

/** One row of `descriptor_domain`, validated. */
export interface DomainRule {
  readonly id: string
  readonly counting: 'all_or_nothing' | 'each'
  readonly chargesRefused: boolean
  readonly posture: Posture
  readonly shadow: boolean
  readonly quotaMode: boolean
  readonly headers: 'none' | 'ratelimit' | 'x_ratelimit' | 'both'
  readonly headersShow: 'tightest' | 'all'
  readonly metadata: boolean
  readonly trustsDescriptors: boolean
  readonly surface?: Surface
}
