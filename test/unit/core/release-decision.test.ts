import { describe, expect, it } from 'vitest'
import type { ChargeRecord } from '../../../src/core/charge-record.ts'
import { decideRelease } from '../../../src/core/release-decision.ts'
import { alice, amounts, meta, startMs } from '../../support/spend-harness.ts'

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
const view = { nowMs: startMs + 1_000, partition: 7, epoch: 'now', record }

describe('decideRelease()', () => {
  const slots = [{ subject: alice, key: 'in-flight', slotMs: 9_000 }]
  const holding = { ...record, slots }

  it('frees the slots and takes them off the record, and leaves all else of it', () => {
    const decision = decideRelease({ ...view, record: holding })
    expect(decision).toEqual({ answer: 'booked', record, slots: 'free', rates: 'keep', stale: [] })
  })

  it.each([
    ['has none', record],
    ['is at its end', { ...holding, state: 'final' as const }],
    ['is of another epoch', { ...holding, epoch: 'before' }],
    ['is past its time', { ...holding, forgetAtMs: startMs }],
    ['is not there', undefined],
  ])('does nothing where the reservation %s', (_, found) => {
    expect(decideRelease({ ...view, record: found })).toMatchObject({ record: 'keep', slots: 'keep' })
  })
})
