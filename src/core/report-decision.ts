import type { Report } from './charge.ts'
import { type ChargeRecord, entryOf, type NewEntry, remembered } from './charge-record.ts'
import { type Amounts, bookedQuantities, differenceOf, largerOf, noAmounts } from './quantity.ts'
import { movedBy, type QuotaCounter } from './quota-counter.ts'
import type { Subject, Surface } from './subject.ts'
import { entryOf as rateOf, type SubjectState, withEntry } from './subject-state.ts'
import { debtGivenBack, type TakenDebt } from './taken-debt.ts'

/** How long a decided record is kept, so that a duplicate finds it. A saving, not a need. */
const finalKeptMs = 60_000
/** How long a record is kept that expired unreported, so that a late report still wins without a recomputation. */
const expiredKeptMs = 3_600_000

/** One partition as a report finds it. */
export interface RecordView {
  readonly nowMs: number
  readonly partition: number
  readonly epoch: string
  readonly record: ChargeRecord | undefined
}

/** What a report or an expiry does in one partition. */
export interface RecordDecision {
  readonly answer: 'booked' | 'unrecorded'
  /** The record from now on; `keep` = as it was, `drop` = forget it. It is pending while it has no `forgetAtMs`. */
  readonly record: ChargeRecord | 'keep' | 'drop'
  readonly entry?: NewEntry
  /** What every warm counter of these subjects moves by. */
  readonly move?: { readonly subjects: readonly Subject[]; readonly by: Amounts }
  /** What becomes of the record's slots: `renew` = held from now for their `slotMs`, also where they had ended. */
  readonly slots: 'keep' | 'renew' | 'free'
  /** `give-back`: the caller was held and left, so the record's rates get their debt back. */
  readonly rates: 'keep' | 'give-back'
  /** Subjects whose counters must be recomputed. */
  readonly stale: readonly Subject[]
}

/** How a sweep looks at a record: see `Sweep` of the spend port. */
export interface ExpiryView extends Omit<RecordView, 'record'> {
  readonly brokeAtMs: number
}

/** True when a refund came before its spend can have been too late: it must be tried again, nothing is done now. */
export function isEarly(report: Report, views: readonly RecordView[]): boolean {
  const { notAfterMs } = report
  if (notAfterMs === undefined) return false
  return views.some((view) => view.nowMs <= notAfterMs && remembered(view.record, view.nowMs) === undefined)
}

/** The specification of `report` in one partition. `open` only raises, `final` decides, of two finals the larger amounts stand. */
export function decideReport(report: Report, view: RecordView): RecordDecision {
  const record = remembered(view.record, view.nowMs)
  if (record === undefined || record.epoch !== view.epoch) return withoutRecord(report, view)
  if (report.state === 'open') return record.state === 'final' ? unchanged : raised(report, record, view)
  return decided(report, record, view)
}

/**
 * The specification of `expire` for one record. Overdue, never reported and younger than the last break of a log stream: its request never
 * reached Envoy, so it is released, booked at nothing. Any other is booked as it stands, open and unsettled; so is one that is not due yet,
 * which keeps its slots. Either way it is kept for an hour, and a later report still wins.
 */
export function decideExpiry(record: ChargeRecord, view: ExpiryView): RecordDecision {
  const { partition, epoch, nowMs } = view
  const entry = entryOf(record, { partition, outcome: 'unknown', unsettled: true })
  if (record.epoch !== epoch) {
    // A store that forgot may have forgotten its report as well, so it is never released.
    const { difference: _, ...unrecorded } = entry
    return { ...settled, answer: 'unrecorded', record: 'drop', entry: { ...unrecorded, epoch }, stale: record.subjects }
  }
  const forgetAtMs = nowMs + expiredKeptMs
  const isDue = record.expiresAtMs <= nowMs
  if (isDue && !record.heard && record.appended === undefined && record.at > view.brokeAtMs) {
    return {
      ...settled,
      record: { ...record, booked: noAmounts, forgetAtMs },
      ...moveOf(record, noAmounts),
      slots: 'free',
    }
  }
  const kept = { ...settled, record: { ...record, appended: record.booked, forgetAtMs }, slots: slotsAfter(isDue) }
  return record.appended !== undefined && sameAmounts(record.appended, record.booked) ? kept : { ...kept, entry }
}

function slotsAfter(isDue: boolean): 'free' | 'keep' {
  return isDue ? 'free' : 'keep'
}

/** Moves every warm counter whose window holds `at` by the difference. `clamps` counts figures that would have gone below 0. */
export function movedState(
  state: SubjectState,
  by: Amounts,
  charge: { readonly at: number; readonly surface: Surface },
): { readonly state: SubjectState; readonly clamps: number } {
  let clamps = 0
  const quotas = state.quotas.map((counter): QuotaCounter => {
    if (counter.surface !== 'any' && counter.surface !== charge.surface) return counter
    const moved = movedBy(counter, charge.at, by[counter.quantity])
    if (moved.clamped) clamps += 1
    return moved.counter
  })
  return { state: { ...state, quotas }, clamps }
}

/** The state after a paced reservation gave this debt back; a rate that is empty or not held owes nothing. */
export function givenBackState(
  state: SubjectState,
  taken: TakenDebt,
  when: { readonly at: number; readonly nowMs: number },
): SubjectState {
  const rate = rateOf(state.rates, taken.key)
  if (rate === undefined || when.nowMs >= rate.emptyAtMs) return state
  return { ...state, rates: withEntry(state.rates, debtGivenBack(rate, taken, when.nowMs - when.at)) }
}

const settled = { answer: 'booked', slots: 'keep', rates: 'keep', stale: [] } as const
const unchanged: RecordDecision = { ...settled, record: 'keep' }

function withoutRecord(report: Report, view: RecordView): RecordDecision {
  const subjects = report.subjects.filter((subject) => subject.partition === view.partition)
  const entry: NewEntry = {
    epoch: view.epoch,
    partition: view.partition,
    id: report.id,
    at: report.at,
    state: report.state,
    amounts: report.amounts,
    subjects,
    surface: report.surface,
    home: report.home,
    meta: report.meta,
    outcome: report.outcome,
    // What was let through while the store was away: booked at its estimate until somebody tells how it ended.
    unsettled: report.state === 'open' && report.outcome === 'unknown',
    onlyIfBooked: report.notAfterMs !== undefined,
  }
  const record = view.record === undefined ? 'keep' : 'drop'
  return { ...settled, answer: 'unrecorded', record, entry, stale: subjects }
}

function raised(report: Report, record: ChargeRecord, view: RecordView): RecordDecision {
  const booked = largerOf(record.booked, report.amounts)
  // Owed to the stream again: the renewed record has no time to be forgotten at.
  const { forgetAtMs: _, ...open } = record
  // What was let through while the store was away says nothing of what became of it.
  const heard = record.heard || report.outcome !== 'unknown'
  const renewed = { ...open, heard, booked, expiresAtMs: view.nowMs + report.expiresInMs }
  return { ...settled, record: renewed, ...moveOf(record, booked), slots: 'renew' }
}

function decided(report: Report, record: ChargeRecord, view: RecordView): RecordDecision {
  const booked = record.state === 'final' ? largerOf(record.booked, report.amounts) : report.amounts
  if (record.state === 'final' && sameAmounts(booked, record.booked)) return unchanged
  const isRefund = report.notAfterMs !== undefined
  const final: ChargeRecord = { ...record, state: 'final', heard: true, booked, forgetAtMs: view.nowMs + finalKeptMs }
  const ended = {
    ...settled,
    ...moveOf(record, booked),
    slots: 'free',
    rates: isRefund && record.state === 'open' && record.paced !== undefined ? 'give-back' : 'keep',
  } as const
  // A refund of what was never appended has nothing to take back from the ledger.
  if (isRefund && record.appended === undefined) return { ...ended, record: final }
  const entry = entryOf(final, { partition: view.partition, outcome: report.outcome, unsettled: false })
  return { ...ended, record: { ...final, appended: booked }, entry }
}

function moveOf(record: ChargeRecord, booked: Amounts): Pick<RecordDecision, 'move'> {
  if (sameAmounts(record.booked, booked)) return {}
  return { move: { subjects: record.subjects, by: differenceOf(booked, record.booked) } }
}

function sameAmounts(left: Amounts, right: Amounts): boolean {
  return bookedQuantities.every((quantity) => left[quantity] === right[quantity])
}
