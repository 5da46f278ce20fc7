import { describe, expect, it } from 'vitest'
import { decidePeek, decideSpend, type SpendView } from '../../../src/core/spend-decision.ts'
import { planSpend } from '../../../src/core/spend-plan.ts'
import type { SubjectState } from '../../../src/core/subject-state.ts'
import {
  address,
  alice,
  amounts,
  hourOf,
  quotaLine,
  rateLine,
  spendRequest,
  startMs,
} from '../../support/spend-harness.ts'

const { current } = quotaLine()
const counter = {
  key: 'a2hUTC',
  surface: 'any' as const,
  quantity: 'credits' as const,
  window: 'hour' as const,
  timeZone: 'UTC',
  current: { ...current, used: 5_000 },
}

function viewOf(state: SubjectState | undefined, some: Partial<SpendView> = {}): SpendView {
  return {
    nowMs: startMs,
    epochs: [{ partition: 7, epoch: 'now' }],
    records: [undefined],
    states: [state],
    slotsOf: () => undefined,
    ...some,
  }
}

describe('decideSpend()', () => {
  it('takes a state of another epoch for forgotten: quotas cold, rates half full', () => {
    const rates = [{ key: 'p1requests-per-second', debt: 0, periodMs: 1_000, atMs: startMs, emptyAtMs: startMs }]
    const state: SubjectState = { epoch: 'before', halfFullAtMs: 0, rates, quotas: [counter] }
    const request = spendRequest({ id: 'a', subjects: [alice], lines: [rateLine(), quotaLine()], cold: 'pass' })
    const decision = decideSpend(request, planSpend(request), viewOf(state))
    expect(decision.answer).toMatchObject({ kind: 'taken', states: [{ debt: 3_500 }, { kind: 'cold' }] })
    expect(decision.states).toMatchObject([{ epoch: 'now', halfFullAtMs: startMs, quotas: [] }])
  })

  it('lets rates it does not hold leak from the instant it noticed the loss', () => {
    const state: SubjectState = { epoch: 'now', halfFullAtMs: startMs - 100, rates: [], quotas: [] }
    const plan = planSpend({ lines: [rateLine({ hits: 0 })], subjects: [] })
    expect(decidePeek([rateLine({ hits: 0 })], plan, viewOf(state))).toMatchObject({ states: [{ debt: 1_500 }] })
  })

  it('lets two lines on one rate stay inside it together', () => {
    const request = spendRequest({ id: 'a', subjects: [alice], lines: [rateLine({ hits: 3 }), rateLine({ hits: 3 })] })
    const decision = decideSpend(request, planSpend(request), viewOf(undefined))
    expect(decision.answer).toMatchObject({ kind: 'refused', line: 1, retryAfterMs: 100 })
  })

  it('compares and adds exactly at the largest amounts', () => {
    const largest = Number.MAX_SAFE_INTEGER
    const spend = (used: number, hits: number): unknown => {
      const state = {
        epoch: 'now',
        halfFullAtMs: 0,
        rates: [],
        quotas: [{ ...counter, current: { ...current, used } }],
      }
      const lines = [quotaLine({ hits, amount: largest })]
      const request = spendRequest({ id: 'a', subjects: [alice], lines, estimate: amounts({ credits: hits }) })
      return decideSpend(request, planSpend(request), viewOf(state)).answer
    }
    expect(spend(largest - 3, 3)).toMatchObject({ kind: 'taken', states: [{ used: largest }] })
    expect(spend(largest - 2, 3)).toMatchObject({ kind: 'refused', retryAfterMs: current.endMs - startMs })
  })

  it('names the first of equally long waits', () => {
    const lines = [
      rateLine({ hits: 9, enforced: false }),
      rateLine({ limit: 'b', hits: 6 }),
      rateLine({ limit: 'c', hits: 7 }),
    ]
    const request = spendRequest({ id: 'a', subjects: [alice], lines })
    expect(decideSpend(request, planSpend(request), viewOf(undefined)).answer).toMatchObject({
      line: 1,
      retryAfterMs: 'never',
    })
  })

  it('keeps the previous window beside the running one', () => {
    const nowMs = current.endMs
    const lines = [quotaLine({ current: hourOf(nowMs), next: hourOf(nowMs + 3_600_000) })]
    const request = spendRequest({ id: 'a', subjects: [alice], lines })
    const state: SubjectState = { epoch: 'now', halfFullAtMs: 0, rates: [], quotas: [counter] }
    const decision = decideSpend(request, planSpend(request), viewOf(state, { nowMs }))
    expect(decision.states[0]?.quotas).toEqual([
      { ...counter, current: { ...hourOf(nowMs), used: 1_000 }, previous: { ...current, used: 5_000 } },
    ])
  })

  it('treats a counter of other windows, and one 48 hours past its own, as cold', () => {
    const shifted = { startMs: current.startMs - 60_000, endMs: current.endMs - 60_000 }
    for (const [window, nowMs] of [
      [shifted, startMs],
      [current, current.endMs + 48 * 3_600_000],
    ] as const) {
      const state = {
        epoch: 'now',
        halfFullAtMs: 0,
        rates: [],
        quotas: [{ ...counter, current: { ...window, used: 1 } }],
      }
      const lines = [quotaLine({ current: hourOf(nowMs), next: hourOf(nowMs + 3_600_000) })]
      const request = spendRequest({ id: 'a', subjects: [alice], lines })
      expect(decideSpend(request, planSpend(request), viewOf(state, { nowMs })).answer).toMatchObject({ kind: 'cold' })
    }
  })
})

describe('planSpend()', () => {
  it('gathers subjects and partitions once each, those of lines and the home partition among them', () => {
    const lines = [rateLine({ subject: address }), rateLine()]
    expect(planSpend({ lines, subjects: [alice], home: 31 })).toEqual({
      subjects: [alice, address],
      partitions: [7, 31, 200],
      lineSubjects: [1, 0],
    })
  })
})
