import type { Posture } from './limit.ts'

/**
 * The words of the hit port: what descriptors count. A hit is final when it is taken: no reservation, no report, nothing in the books.
 * Every time is epoch milliseconds on the store's clock.
 */

/** Names one counter. `id`: text without spaces of at most 200 characters; no two counters have the same. */
export interface HitCounter {
  readonly id: string
  readonly partition: number
}

interface HitLineBase {
  /** Which descriptor of the call it is of, from 0. */
  readonly descriptor: number
  readonly counter: HitCounter
  /** What is asked. 0 only looks, less than 0 gives back. From −(2^53 − 1) to 2^53 − 1. */
  readonly hits: number
  /** False (shadow, quota mode): taken whatever it comes to, never refuses. */
  readonly enforced: boolean
  /** Taken even when it, or another line of the call, is refused. */
  readonly chargesRefused: boolean
  readonly posture: Posture
  /** 0 … 2^52. */
  readonly amount: number
}

/** At most `amount` in [startMs, endMs), and anew in [endMs, nextEndMs); the store's own time picks. */
export interface WindowHitLine extends HitLineBase {
  readonly kind: 'window'
  readonly startMs: number
  readonly endMs: number
  readonly nextEndMs: number
}

/** `amount` hits per `periodMs`, at most `burst` at once; burst × periodMs ≤ 2^52. All lines on one counter have one period. */
export interface RateHitLine extends HitLineBase {
  readonly kind: 'rate'
  readonly periodMs: number
  readonly burst: number
}

/** At most `amount` under way at one time. Hits above 0 take one slot for `slotId`, for at most `slotMs`, or renew it; hits below 0 free it. */
export interface SlotHitLine extends HitLineBase {
  readonly kind: 'concurrency'
  readonly slotMs: number
}

export type HitLine = WindowHitLine | RateHitLine | SlotHitLine

/** The lines of one call, those of one descriptor together. Two lines on one counter see each other's hits, in order. */
export interface HitRequest {
  readonly lines: readonly HitLine[]
  /** `all_or_nothing`: one enforced line that does not fit, and nothing is taken. `each`: so for the lines of each descriptor alone. */
  readonly counting: 'all_or_nothing' | 'each'
  /** A script that starts later than this takes nothing and answers `late`. */
  readonly notAfterMs: number
  /** Who holds the slots that are taken. Absent: concurrency lines take nothing, and still refuse when all slots are held. */
  readonly slotId?: string
}

/** A line's counter at this call. In hits; of a rate, its debt rounded up to whole hits. */
export interface HitState {
  /** Its hits are inside the limit: before + hits ≤ amount (of a rate: its burst). Hits below 0 always are. */
  readonly fits: boolean
  readonly taken: boolean
  readonly before: number
  readonly after: number
  /** A window: until its end. A rate: until its debt is gone. Slots: until the last ends by itself. */
  readonly resetMs: number
  /** Until the hits fit if nobody else takes any; 0 = they did. */
  readonly retryAfterMs: number | 'never'
}

export type HitAnswer =
  | { readonly kind: 'counted'; readonly at: number; readonly states: readonly HitState[] }
  /** The windows of the lines do not hold the store's now: ask again with the right ones. Nothing was taken. */
  | { readonly kind: 'stale-windows'; readonly at: number }
  | { readonly kind: 'late'; readonly at: number }
