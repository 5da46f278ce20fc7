import type { Report } from './charge.ts'
import { type ChargeRecord, entryOf, type NewEntry, remembered } from './charge-record.ts'
import { type Amounts, bookedQuantities, differenceOf, largerOf } from './quantity.ts'
import { movedBy, type QuotaCounter } from './quota-counter.ts'
import type { Subject, Surface } from './subject.ts'
import type { SubjectState } from './subject-state.ts'

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
  /** Subjects whose counters must be recomputed. */
  readonly stale: readonly Subject[]
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

/** The specification of `expire` for one overdue record: booked as it stands, open and unsettled; a later report still wins. */
export function decideExpiry(record: ChargeRecord, view: Omit<RecordView, 'record'>): RecordDecision {
  const entry = entryOf(record, { partition: view.partition, outcome: 'unknown', unsettled: true })
  if (record.epoch !== view.epoch) {
    const { difference: _, ...unrecorded } = entry
    return { answer: 'unrecorded', record: 'drop', entry: { ...unrecorded, epoch: view.epoch }, stale: record.subjects }
  }
  const kept = { ...record, appended: record.booked, forgetAtMs: view.nowMs + expiredKeptMs }
  if (record.appended !== undefined && sameAmounts(record.appended, record.booked)) {
    return { answer: 'booked', record: kept, stale: [] }
  }
  return { answer: 'booked', record: kept, entry, stale: [] }
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

const unchanged: RecordDecision = { answer: 'booked', record: 'keep', stale: [] }

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
    unsettled: false,
    onlyIfBooked: report.notAfterMs !== undefined,
  }
  return { answer: 'unrecorded', record: view.record === undefined ? 'keep' : 'drop', entry, stale: subjects }
}

function raised(report: Report, record: ChargeRecord, view: RecordView): RecordDecision {
  const booked = largerOf(record.booked, report.amounts)
  // Owed to the stream again: the renewed record has no time to be forgotten at.
  const { forgetAtMs: _, ...open } = record
  const renewed = { ...open, booked, expiresAtMs: view.nowMs + report.expiresInMs }
  return { answer: 'booked', record: renewed, ...moveOf(record, booked), stale: [] }
}

function decided(report: Report, record: ChargeRecord, view: RecordView): RecordDecision {
  const booked = record.state === 'final' ? largerOf(record.booked, report.amounts) : report.amounts
  if (record.state === 'final' && sameAmounts(booked, record.booked)) return unchanged
  const final: ChargeRecord = { ...record, state: 'final', booked, forgetAtMs: view.nowMs + finalKeptMs }
  const move = moveOf(record, booked)
  // A refund of what was never appended has nothing to take back from the ledger.
  if (report.notAfterMs !== undefined && record.appended === undefined) {
    return { answer: 'booked', record: final, ...move, stale: [] }
  }
  const entry = entryOf(final, { partition: view.partition, outcome: report.outcome, unsettled: false })
  return { answer: 'booked', record: { ...final, appended: booked }, entry, ...move, stale: [] }
}

function moveOf(record: ChargeRecord, booked: Amounts): Pick<RecordDecision, 'move'> {
  if (sameAmounts(record.booked, booked)) return {}
  return { move: { subjects: record.subjects, by: differenceOf(booked, record.booked) } }
}

function sameAmounts(left: Amounts, right: Amounts): boolean {
  return bookedQuantities.every((quantity) => left[quantity] === right[quantity])
}
