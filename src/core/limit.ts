import type { CountedQuantity, Quantity } from './quantity.ts'
import type { Subject, SubjectKind, Surface } from './subject.ts'

export type Posture = 'allow' | 'deny' | 'local'
/** A week is named after the day it begins on. */
export const windowKinds = [
  'hour',
  'day',
  'month',
  'week_mon',
  'week_tue',
  'week_wed',
  'week_thu',
  'week_fri',
  'week_sat',
  'week_sun',
] as const
export type WindowKind = (typeof windowKinds)[number]

/** One row of `limit_rule`, validated. Amounts in the quantity's code unit (credits: millicredits). */
export interface LimitRule {
  readonly id: string
  /** One name = one limit: of the rules with one name the most specific applies. */
  readonly name: string
  readonly kind: 'rate' | 'quota' | 'concurrency'
  /** `in_flight` in a concurrency cap, and only there. */
  readonly counts: CountedQuantity
  readonly per: SubjectKind
  /** `api`: requests to our own API and nothing else; such a limit makes no line. */
  readonly surface: Surface | 'any' | 'api'
  readonly amount: number
  /** Only rates: at most `burst` hits at once, `amount` hits per `periodMs`. burst × periodMs ≤ 2^52. */
  readonly burst?: number
  readonly periodMs?: number
  /** Only rates: instead of being refused a caller may be held so long. Absent or 0 = refused at once. */
  readonly paceMsMax?: number
  /** Only quotas. `timeZone` absent = the account's own zone. */
  readonly window?: WindowKind
  readonly timeZone?: string
  readonly appliesTo: { readonly kind: 'anyone' | 'plan' | 'department' | 'project' | 'account'; readonly id?: string }
  /** `artifact`: refuses only artifacts, their `.metadata`, uploads and GPU calls; index pages are charged but never refused. */
  readonly enforceAt: 'artifact' | 'everything'
  readonly posture: Posture
  readonly shadow: boolean
  /** A quota refusal answers 429 without Retry-After instead of 403. */
  readonly refusesWith429: boolean
  /** Stands for a row that cannot be read and whose posture is `deny`: what it allows is not known, so it refuses as our own trouble. */
  readonly isFaulty?: true
}

/** An instant range [startMs, endMs) of the epoch. */
export interface TimeRange {
  readonly startMs: number
  readonly endMs: number
}

interface LineBase {
  /** The limit's name. */
  readonly limit: string
  readonly subject: Subject
  readonly surface: Surface | 'any'
  /** What this request asks, in the line's quantity; 0 only looks. A quota line's hits are the estimate's amount of its quantity. */
  readonly hits: number
  /** False (shadow, or an artifact-only limit on an index page): charged, may pass its amount, never refuses. */
  readonly enforced: boolean
  readonly posture: Posture
}

/** A refilling limit: `amount` hits per `periodMs`, at most `burst` at once. */
export interface RateLine extends LineBase {
  readonly kind: 'rate'
  readonly quantity: Quantity
  readonly amount: number
  readonly periodMs: number
  readonly burst: number
  /** An enforced line whose hits would fit within so long is taken, and the answer says how long the caller must be held. 0 = never. */
  readonly paceMsMax: number
}

/** A calendar budget: at most `amount` in the window. The caller passes this and the next window; the store's own time picks. */
export interface QuotaLine extends LineBase {
  readonly kind: 'quota'
  readonly quantity: Quantity
  readonly amount: number
  readonly window: WindowKind
  readonly timeZone: string
  readonly current: TimeRange
  readonly next: TimeRange
}

/** An in-flight cap: at most `amount` requests at one time. A request holds its slot until its end is reported, at most `slotMs` after it was last heard of. */
export interface ConcurrencyLine extends LineBase {
  readonly kind: 'concurrency'
  readonly quantity: 'in_flight'
  readonly amount: number
  readonly slotMs: number
}

/** One limit as applied to one request. */
export type Line = RateLine | QuotaLine | ConcurrencyLine
