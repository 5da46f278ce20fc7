import { describe, expect, test } from 'vitest'
import type { HitLine, HitState } from '../../../src/core/hit.ts'
import { partitionHits } from '../../../src/core/hit-partition.ts'

const counter = { id: 'c', partition: 0 }
const base = { descriptor: 0, counter, enforced: true, chargesRefused: false, posture: 'allow' } as const

function windowLine(amount: number, hits: number): HitLine {
  return { ...base, kind: 'window', startMs: 0, endMs: 1, nextEndMs: 2, amount, hits }
}

function taken(before: number, hits: number, limit: number): HitState {
  const after = before + hits
  return { before, after, fits: after <= limit, taken: true, resetMs: 1, retryAfterMs: 0 }
}

describe('partitionHits() of hits that are taken whatever they come to', () => {
  // limit, before, hits → near, over, within: the portions that envoyproxy/ratelimit documents and tests for a ratio of 0.8.
  test.each([
    { limit: 10, before: 0, hits: 1, near: 0, over: 0, within: 1 },
    { limit: 10, before: 4, hits: 1, near: 0, over: 0, within: 1 },
    { limit: 10, before: 7, hits: 1, near: 0, over: 0, within: 1 },
    { limit: 10, before: 8, hits: 1, near: 1, over: 0, within: 1 },
    { limit: 10, before: 9, hits: 1, near: 1, over: 0, within: 1 },
    { limit: 10, before: 10, hits: 1, near: 0, over: 1, within: 0 },
    { limit: 10, before: 15, hits: 1, near: 0, over: 1, within: 0 },
    { limit: 10, before: 7, hits: 3, near: 2, over: 0, within: 3 },
    { limit: 10, before: 0, hits: 10, near: 2, over: 0, within: 10 },
    { limit: 10, before: 9, hits: 3, near: 1, over: 2, within: 0 },
    { limit: 10, before: 7, hits: 5, near: 2, over: 2, within: 0 },
    { limit: 10, before: 0, hits: 25, near: 2, over: 15, within: 0 },
    { limit: 20, before: 5, hits: 2, near: 0, over: 0, within: 2 },
    { limit: 20, before: 15, hits: 2, near: 1, over: 0, within: 2 },
    { limit: 20, before: 19, hits: 3, near: 1, over: 2, within: 0 },
    { limit: 20, before: 22, hits: 3, near: 0, over: 3, within: 0 },
    { limit: 15, before: 0, hits: 15, near: 3, over: 0, within: 15 },
    { limit: 1, before: 0, hits: 1, near: 1, over: 0, within: 1 },
    { limit: 3, before: 2, hits: 1, near: 1, over: 0, within: 1 },
    { limit: 3, before: 1, hits: 1, near: 0, over: 0, within: 1 },
    { limit: 0, before: 0, hits: 4, near: 0, over: 4, within: 0 },
    { limit: 2 ** 52, before: 2 ** 52, hits: 2 ** 52, near: 0, over: 2 ** 52, within: 0 },
  ])('$hits on $before of $limit: $near near, $over over, $within within', ({ limit, before, hits, ...portions }) => {
    expect(partitionHits(windowLine(limit, hits), taken(before, hits, limit), 80)).toEqual({
      ...{ total: hits, untaken: 0, returned: 0 },
      ...portions,
    })
  })

  test('begins near where the percentage says', () => {
    const near = (percent: number) => partitionHits(windowLine(10, 1), taken(5, 1, 10), percent).near
    expect([near(50), near(60), near(100), near(1)]).toEqual([1, 0, 0, 1])
  })
})

test.each([1, 3, 7, 100])('29 %% of 100 is 29 and not a rounded down 28.999… (%i hits)', (hits) => {
  expect(partitionHits(windowLine(100, hits), taken(0, hits, 100), 29).near).toBe(Math.max(0, hits - 29))
})

describe('partitionHits() of hits that are not taken', () => {
  const state = { before: 9, after: 9, taken: false, resetMs: 1, retryAfterMs: 1 }

  test('calls all of a refused call over, so that near never exceeds what was taken', () => {
    expect(partitionHits(windowLine(10, 3), { ...state, fits: false }, 80)).toEqual({
      ...{ total: 3, over: 3, within: 0, near: 0, untaken: 0, returned: 0 },
    })
  })

  test('tells hits that fit apart, where another limit refused', () => {
    expect(partitionHits(windowLine(100, 3), { ...state, fits: true }, 80)).toEqual({
      ...{ total: 3, over: 0, within: 0, near: 0, untaken: 3, returned: 0 },
    })
  })
})

describe('partitionHits()', () => {
  test('counts nothing of a look', () => {
    expect(Object.values(partitionHits(windowLine(10, 0), taken(9, 0, 10), 80))).toEqual([0, 0, 0, 0, 0, 0])
  })

  test('tells how many were given back, not how many there were to give', () => {
    const state: HitState = { before: 2, after: 0, fits: true, taken: true, resetMs: 1, retryAfterMs: 0 }
    expect(partitionHits(windowLine(10, -5), state, 80)).toEqual({
      ...{ total: 0, over: 0, within: 0, near: 0, untaken: 0, returned: 2 },
    })
  })

  test('holds a rate against its burst and a slot line against its slots, one to a call', () => {
    const rate: HitLine = { ...base, kind: 'rate', periodMs: 1000, amount: 1000, burst: 10, hits: 3 }
    expect(partitionHits(rate, taken(9, 3, 10), 80)).toMatchObject({ near: 1, over: 2 })
    const slots: HitLine = { ...base, kind: 'concurrency', slotMs: 1000, amount: 5, hits: 7 }
    expect(partitionHits(slots, { ...taken(4, 1, 5), fits: true }, 80)).toMatchObject({ total: 1, near: 1, within: 1 })
  })

  test('never calls more near than were asked, where a debt is rounded up', () => {
    const rate: HitLine = { ...base, kind: 'rate', periodMs: 1000, amount: 10, burst: 10, hits: 1 }
    expect(partitionHits(rate, { ...taken(10, 1, 10), fits: true }, 80)).toMatchObject({ near: 1, within: 1, over: 0 })
  })
})
