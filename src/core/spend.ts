import type { ChargeMeta } from './charge.ts'
import type { Line, TimeRange } from './limit.ts'
import type { Amounts } from './quantity.ts'
import type { PartitionEpoch, Subject, Surface } from './subject.ts'

/** The words of the spend port (see `check/ports.ts` for what a store promises). Every time is epoch milliseconds on the store's clock. */
export interface SpendRequest {
  /** Reservation id: random 128 bit + mint time. A second spend under one id takes nothing more and answers as the first did. */
  readonly id: string
  readonly lines: readonly Line[]
  /** What is reserved, per quantity; booked as this when nobody ever reports. */
  readonly estimate: Amounts
  readonly surface: Surface
  /** Every subject whose counters this reservation moves, with or without a line. */
  readonly subjects: readonly Subject[]
  /** The partition whose ledger row carries the roll-ups (the account's). */
  readonly home: number
  readonly meta: ChargeMeta
  /** A script that starts later than this takes nothing and answers `late`. One per Check, whatever it retries. */
  readonly notAfterMs: number
  /** Milliseconds after the spend until an unreported reservation is booked at its estimate. */
  readonly expiresInMs: number
  /** What a cold quota counter does: `ask` answers `cold` and takes nothing; `pass` lets the line through unmoved and books. */
  readonly cold: 'ask' | 'pass'
  /** One of several parts that are taken one after the other: when a later one refuses, its refund gives the rates back too. */
  readonly isPart?: true
}

/** A line's counter after the step (or as seen by a peek). */
export type LineState =
  /** `debt` in hits × periodMs of the line; `fits`: the hits were (peek, refused: would be) inside the limit. */
  | { readonly kind: 'rate'; readonly debt: number; readonly fits: boolean; readonly retryAfterMs: number | 'never' }
  | {
      readonly kind: 'quota'
      readonly used: number
      readonly window: TimeRange
      readonly fits: boolean
      readonly retryAfterMs: number | 'never'
    }
  /** `held`: slots taken; until so many end by themselves that it fits it is `retryAfterMs`, unless a report frees one sooner. */
  | {
      readonly kind: 'concurrency'
      readonly held: number
      readonly fits: boolean
      readonly retryAfterMs: number | 'never'
    }
  | { readonly kind: 'cold' }

export type SpendAnswer =
  | {
      readonly kind: 'taken'
      /** The store's time at the spend: it picked the windows, and counters and ledger book by it. */
      readonly at: number
      /**
       * The longest wait of the lines that were taken ahead of their time: the caller must be held until `at + paceMs`. 0 = not at all. A
       * repetition answers the first one's, with the first one's `at`.
       */
      readonly paceMs: number
      readonly epochs: readonly PartitionEpoch[]
      readonly states: readonly LineState[]
    }
  | {
      readonly kind: 'refused'
      readonly at: number
      /** Index of the enforced line that waits longest (`never` beats all; the first of equals). */
      readonly line: number
      readonly retryAfterMs: number | 'never'
      readonly states: readonly LineState[]
    }
  | { readonly kind: 'cold'; readonly at: number; readonly lines: readonly number[] }
  | { readonly kind: 'stale-windows'; readonly at: number }
  | { readonly kind: 'late'; readonly at: number }

export type PeekAnswer =
  | { readonly kind: 'seen'; readonly at: number; readonly states: readonly LineState[] }
  | { readonly kind: 'stale-windows'; readonly at: number }
