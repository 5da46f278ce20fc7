import { remembered } from './charge-record.ts'
import type { RecordDecision, RecordView } from './report-decision.ts'

const settled = { answer: 'booked', rates: 'keep', stale: [] } as const
const unchanged: RecordDecision = { ...settled, record: 'keep', slots: 'keep' }

/**
 * The specification of `release` for one record: its slots are free and no longer its own, so that no later report takes them again. What is
 * booked under it, and when it is due, stays.
 */
export function decideRelease(view: RecordView): RecordDecision {
  const record = remembered(view.record, view.nowMs)
  if (record === undefined || record.epoch !== view.epoch) return unchanged
  if (record.state === 'final' || record.slots.length === 0) return unchanged
  return { ...settled, record: { ...record, slots: [] }, slots: 'free' }
}
