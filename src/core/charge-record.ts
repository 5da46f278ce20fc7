import type { ChargeEntry, ChargeMeta, Outcome } from './charge.ts'
import { type Amounts, bookedQuantities, differenceOf } from './quantity.ts'
import type { Slot } from './slot.ts'
import type { Subject, Surface } from './subject.ts'
import type { TakenDebt } from './taken-debt.ts'

/** What a partition remembers of one reservation. It never expires while `pending`, that is until `forgetAtMs` is set. */
export interface ChargeRecord {
  readonly id: string
  readonly at: number
  readonly epoch: string
  readonly state: 'open' | 'final'
  /** Some report touched it: the request reached Envoy. */
  readonly heard: boolean
  readonly booked: Amounts
  /** Cumulative amounts as last appended to the stream; absent = nothing appended. */
  readonly appended?: Amounts
  readonly surface: Surface
  /** Those of the reservation's subjects that live in this partition. */
  readonly subjects: readonly Subject[]
  readonly home: number
  readonly meta: ChargeMeta
  /** Under caps of those subjects. */
  readonly slots: readonly Slot[]
  /** Only of a reservation that was taken ahead of its time. */
  readonly paced?: PacedSpend
  /** While pending: when an unreported reservation is booked at its estimate. */
  readonly expiresAtMs: number
  /** Set when nothing is owed to the stream any more. */
  readonly forgetAtMs?: number
}

/** What a caller who is held and leaves gives back. */
export interface PacedSpend {
  readonly paceMs: number
  /** Of every rate line of the record's subjects, in their order. */
  readonly rates: readonly PacedRate[]
}

export interface PacedRate extends TakenDebt {
  readonly subject: Subject
}

/** An entry before the stream gave it its position. */
export type NewEntry = Omit<ChargeEntry, 'position'>

/** A record that still counts; after its retention it is as if it had never been. */
export function remembered(record: ChargeRecord | undefined, nowMs: number): ChargeRecord | undefined {
  return record?.forgetAtMs !== undefined && nowMs >= record.forgetAtMs ? undefined : record
}

/** What the record still owes to the stream. */
export function unappended(record: ChargeRecord): Amounts {
  return record.appended === undefined ? record.booked : differenceOf(record.booked, record.appended)
}

/** The stream entry that says what a record is booked at now. */
export function entryOf(
  record: ChargeRecord,
  how: { readonly partition: number; readonly outcome: Outcome; readonly unsettled: boolean },
): NewEntry {
  return {
    epoch: record.epoch,
    partition: how.partition,
    id: record.id,
    at: record.at,
    state: record.state,
    amounts: record.booked,
    difference: unappended(record),
    subjects: record.subjects,
    surface: record.surface,
    home: record.home,
    meta: record.meta,
    outcome: how.outcome,
    unsettled: how.unsettled,
    onlyIfBooked: false,
  }
}

/** Whether a pending record is to be kept anew over a crash: it is booked at more than before, or owes to the stream again. */
export function owesMore(record: ChargeRecord, before: ChargeRecord | undefined): boolean {
  if (before === undefined || before.forgetAtMs !== undefined) return true
  return bookedQuantities.some((quantity) => record.booked[quantity] !== before.booked[quantity])
}
