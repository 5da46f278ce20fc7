import type { WindowKind } from './limit.ts'
import type { Amounts, Quantity } from './quantity.ts'
import type { PartitionEpoch, Subject, Surface } from './subject.ts'

/** Who and what a charge is for; travels unread through the store into the ledger. */
export interface ChargeMeta {
  readonly account: string
  readonly project: string
  readonly department: string
  /** The token's id (never the secret); empty for anonymous callers. */
  readonly token: string
  readonly address: string
  readonly upstream: string
  /** Kind of request: `index`, `artifact`, … */
  readonly kind: string
  /** Package or model; empty when there is none. */
  readonly resource: string
  /** File name of an artifact; empty when there is none. */
  readonly file: string
}

export const outcomes = [
  'delivered',
  'aborted',
  'not_modified',
  'head',
  'redirect',
  'client_error',
  'server_error',
  'undelivered',
  'unknown',
] as const
/** How a request ended. All but `delivered` and `aborted` cost nothing; `unknown` is a reservation that expired unreported. */
export type Outcome = (typeof outcomes)[number]

/** The cumulative actual of one reservation. `open` may only raise what is booked, `final` decides it. */
export interface Report {
  readonly id: string
  readonly at: number
  readonly partitions: readonly PartitionEpoch[]
  readonly subjects: readonly Subject[]
  readonly surface: Surface
  readonly home: number
  readonly meta: ChargeMeta
  readonly state: 'open' | 'final'
  readonly amounts: Amounts
  readonly outcome: Outcome
  /** Renews an open reservation for so long. */
  readonly expiresInMs: number
  /** Only a refund (final, 0, `undelivered`) has it: without a record before this instant the answer is `early`. */
  readonly notAfterMs?: number
}

/** `booked`: the record was there and merged. `unrecorded`: no record, appended without difference, subjects marked stale (a refund: appended by id alone). */
export type ReportAnswer = 'booked' | 'unrecorded' | 'early'

/** One line of a partition's charge stream: cumulative amounts of one reservation at the moment of appending. */
export interface ChargeEntry {
  /** Orders entries inside one partition's stream; opaque to all but the store. */
  readonly position: string
  readonly epoch: string
  readonly partition: number
  readonly id: string
  readonly at: number
  readonly state: 'open' | 'final'
  readonly amounts: Amounts
  /** Change against what this id last appended; absent when the store had no record. */
  readonly difference?: Amounts
  readonly subjects: readonly Subject[]
  readonly surface: Surface
  readonly home: number
  readonly meta: ChargeMeta
  readonly outcome: Outcome
  /** Expired unreported: booked at its estimate. */
  readonly unsettled: boolean
  /** A refund without record: applies only to a row the ledger already has. */
  readonly onlyIfBooked: boolean
}

/** How far the ledger has read a partition's stream. */
export interface Checkpoint {
  readonly partition: number
  readonly epoch: string
  readonly position: string
}

/** Which counter of a subject: what was counted, in which window. */
export interface CounterWindow {
  readonly surface: Surface | 'any'
  readonly quantity: Quantity
  readonly window: WindowKind
  readonly timeZone: string
  readonly startMs: number
  readonly endMs: number
}

export interface SeededCounter extends CounterWindow {
  readonly used: number
}

/** The ledger's figures for one subject, as of `checkpoint`. Absent checkpoint: the ledger has never read the partition. */
export interface Seed {
  readonly subject: Subject
  readonly checkpoint: Checkpoint | undefined
  readonly counters: readonly SeededCounter[]
}
