import { describe, expect, it } from 'vitest'
import type { Report } from '../../../src/core/charge.ts'
import type { ChargeRecord } from '../../../src/core/charge-record.ts'
import { decideExpiry, decideReport, isEarly, movedState } from '../../../src/core/report-decision.ts'
import { address, alice, amounts, meta, startMs } from '../../support/spend-harness.ts'

const record: ChargeRecord = {
  id: 'a',
  at: startMs,
  epoch: 'now',
  state: 'open',
  heard: false,
  slots: [],
  booked: amounts({ credits: 1_000 }),
  surface: 'pypi',
  subjects: [alice],
  home: 7,
  meta,
  expiresAtMs: startMs + 60_000,
}
const report: Report = {
  id: 'a',
  at: startMs,
  partitions: [{ partition: 7, epoch: 'now' }],
  subjects: [alice, address],
  surface: 'pypi',
  home: 7,
  meta,
  state: 'final',
  amounts: amounts({ credits: 300 }),
  outcome: 'delivered',
  expiresInMs: 60_000,
}
const view = { nowMs: startMs + 1_000, partition: 7, epoch: 'now', record }

describe('decideReport()', () => {
  it('appends what changed since it last appended, not since the estimate', () => {
    const expired = { ...record, appended: amounts({ credits: 1_000 }) }
    expect(decideReport(report, { ...view, record: expired })).toMatchObject({
      entry: { amounts: { credits: 300 }, difference: { credits: -700 } },
      move: { by: { credits: -700 } },
    })
  })

  it('forgets a record of another epoch, and appends without difference for the subjects of this partition', () => {
    const decision = decideReport(report, { ...view, epoch: 'later' })
    expect(decision).toMatchObject({
      answer: 'unrecorded',
      record: 'drop',
      stale: [alice],
      entry: { subjects: [alice] },
    })
    expect(decision.entry).not.toHaveProperty('difference')
  })

  it('makes a record pending again when an open report comes after its expiry', () => {
    const expired = { ...record, appended: record.booked, forgetAtMs: startMs + 3_600_000 }
    const open: Report = { ...report, state: 'open', amounts: amounts({ credits: 2_000 }) }
    const { record: renewed } = decideReport(open, { ...view, record: expired })
    expect(renewed).toMatchObject({ booked: { credits: 2_000 }, expiresAtMs: startMs + 61_000 })
    expect(renewed).not.toHaveProperty('forgetAtMs')
  })

  it('renews slots by an open report, frees them by a final one, and gives rates back only to a caller who was held and left', () => {
    const paced = { ...record, paced: { paceMs: 5, rates: [] } }
    const refund: Report = { ...report, amounts: amounts({}), outcome: 'undelivered', notAfterMs: startMs }
    for (const [given, told, slots, rates] of [
      [record, { ...report, state: 'open' }, 'renew', 'keep'],
      [record, report, 'free', 'keep'],
      [record, refund, 'free', 'keep'],
      [paced, report, 'free', 'keep'],
      [paced, refund, 'free', 'give-back'],
      [{ ...paced, state: 'final' }, refund, 'keep', 'keep'],
      [{ ...paced, state: 'final' }, { ...refund, amounts: amounts({ credits: 9_000 }) }, 'free', 'keep'],
    ] as const) {
      expect(decideReport(told, { ...view, record: given })).toMatchObject({ slots, rates })
    }
  })

  it('takes the larger of two finals, quantity by quantity, as the ledger does', () => {
    const final: ChargeRecord = {
      ...record,
      state: 'final',
      booked: amounts({ credits: 300, bytes: 5 }),
      appended: record.booked,
    }
    const other = { ...report, amounts: amounts({ credits: 200, bytes: 9 }) }
    expect(decideReport(other, { ...view, record: final }).record).toMatchObject({ booked: { credits: 300, bytes: 9 } })
  })

  it('does not know a record past its time', () => {
    const forgotten = { ...record, forgetAtMs: view.nowMs }
    expect(decideReport(report, { ...view, record: forgotten })).toMatchObject({ answer: 'unrecorded', record: 'drop' })
  })
})

describe('isEarly()', () => {
  it('holds only for a refund, without record, while its spend may still run', () => {
    const without = { ...view, record: undefined }
    const refund = { ...report, notAfterMs: view.nowMs }
    expect(isEarly(refund, [without])).toBe(true)
    expect(isEarly(refund, [view])).toBe(false)
    expect(isEarly(report, [without])).toBe(false)
    expect(isEarly({ ...refund, notAfterMs: view.nowMs - 1 }, [without])).toBe(false)
  })
})

describe('decideExpiry()', () => {
  const due = { ...view, nowMs: record.expiresAtMs }

  it('releases what is overdue, was never heard of and is younger than the last break', () => {
    const decision = decideExpiry(record, { ...due, brokeAtMs: record.at - 1 })
    expect(decision).toMatchObject({
      record: { state: 'open', booked: amounts({}), forgetAtMs: due.nowMs + 3_600_000 },
      move: { by: { credits: -1_000 } },
      slots: 'free',
    })
    expect(decision).not.toHaveProperty('entry')
    expect(decision.record).not.toHaveProperty('appended')
  })

  it('books what was heard of, is as old as the last break, or is not due; the last keeps its slots', () => {
    const youngest = { ...due, brokeAtMs: 0 }
    for (const [other, expiry, slots] of [
      [{ ...record, heard: true }, youngest, 'free'],
      [record, { ...due, brokeAtMs: record.at }, 'free'],
      [record, { ...youngest, nowMs: record.expiresAtMs - 1 }, 'keep'],
    ] as const) {
      expect(decideExpiry(other, expiry)).toMatchObject({
        slots,
        entry: { state: 'open', unsettled: true, amounts: { credits: 1_000 } },
        record: { booked: { credits: 1_000 }, appended: { credits: 1_000 } },
      })
    }
  })

  it('never releases what another epoch took: its report may be what the store forgot', () => {
    expect(decideExpiry(record, { ...due, epoch: 'later', brokeAtMs: 0 }).entry).toMatchObject({
      amounts: { credits: 1_000 },
    })
  })

  it('appends nothing twice', () => {
    const renewed = { ...record, appended: record.booked }
    expect(decideExpiry(renewed, { ...view, brokeAtMs: 0 })).not.toHaveProperty('entry')
  })

  it('drops a record of another epoch and marks its subjects stale', () => {
    const decision = decideExpiry(record, { ...view, epoch: 'later', brokeAtMs: 0 })
    expect(decision).toMatchObject({ record: 'drop', stale: [alice], entry: { epoch: 'later', unsettled: true } })
    expect(decision.entry).not.toHaveProperty('difference')
  })
})

describe('movedState()', () => {
  it('never lets a counter go below 0, and says that it would have', () => {
    const current = { startMs, endMs: startMs + 1, used: 5 }
    const counter = { key: 'k', surface: 'any', quantity: 'credits', window: 'hour', timeZone: 'UTC', current } as const
    const state = { epoch: 'now', halfFullAtMs: 0, rates: [], quotas: [counter] }
    expect(movedState(state, amounts({ credits: -6 }), { at: startMs, surface: 'gpu' })).toMatchObject({
      clamps: 1,
      state: { quotas: [{ current: { used: 0 } }] },
    })
  })
})
