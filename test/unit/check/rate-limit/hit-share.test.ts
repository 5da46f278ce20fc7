import { describe, expect, test } from 'vitest'
import { shareOfHits } from '../../../../src/check/rate-limit/hit-share.ts'
import type { HitLine } from '../../../../src/core/hit.ts'

const base = {
  ...{ descriptor: 0, counter: { id: 'c', partition: 0 }, hits: 1, enforced: true, chargesRefused: false },
  posture: 'local',
} as const
const window = (amount: number, lengthMs: number): HitLine => ({
  ...{ ...base, kind: 'window', amount },
  ...{ startMs: 0, endMs: lengthMs, nextEndMs: 2 * lengthMs },
})
const hourMs = 3_600_000

describe('shareOfHits()', () => {
  test.each([
    ['a window', window(10, hourMs), 3, 3],
    ['a short window of little, never nothing', window(2, hourMs), 3, 1],
    ['a short window of nothing', window(0, hourMs), 3, 0],
    ['a long window, strictly', window(2, hourMs + 1), 3, 0],
    ['slots', { ...base, kind: 'concurrency', amount: 7, slotMs: 1 }, 2, 3],
    ['few slots, never none', { ...base, kind: 'concurrency', amount: 1, slotMs: 1 }, 2, 1],
  ] as const)('divides %s', (...[, line, processes, amount]) => {
    expect(shareOfHits(line, processes)).toEqual({ ...line, amount })
  })

  test('divides a rate and its burst, with room for these hits where the limit has room', () => {
    const rate = { ...base, kind: 'rate', amount: 10, burst: 20, periodMs: 1_000 } as const
    expect(shareOfHits(rate, 4)).toMatchObject({ amount: 2, burst: 5 })
    expect(shareOfHits({ ...rate, hits: 15 }, 4)).toMatchObject({ amount: 2, burst: 15 })
    expect(shareOfHits({ ...rate, hits: 21 }, 4)).toMatchObject({ burst: 5 })
    expect(shareOfHits(rate, 100)).toMatchObject({ amount: 1, burst: 1 })
  })
})
