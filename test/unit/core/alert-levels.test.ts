import { describe, expect, test } from 'vitest'
import { crossedLevels, isReached, levelKey, levelWord } from '../../../src/core/alert-levels.ts'

const percents = [80, 95, 100]
const crossed = (
  used: number,
  standing: readonly number[] = [],
  over: { amount?: number; amountBefore?: number } = {},
) => crossedLevels({ used, amount: 1_000, percents, standing, ...over })

describe('crossedLevels()', () => {
  test.each([
    ['just below a level', { used: 799, standing: [] }, { skipped: [], recovered: [] }],
    ['exactly at a level', { used: 800, standing: [] }, { told: 80, skipped: [], recovered: [] }],
    ['a level that stands already', { used: 900, standing: [80] }, { skipped: [], recovered: [] }],
    ['the next level', { used: 950, standing: [80] }, { told: 95, skipped: [], recovered: [] }],
    ['a jump over all', { used: 1_200, standing: [] }, { told: 100, skipped: [80, 95], recovered: [] }],
    ['a jump over some', { used: 1_000, standing: [80] }, { told: 100, skipped: [95], recovered: [] }],
    ['a level below one that stands', { used: 960, standing: [100] }, { skipped: [80, 95], recovered: [] }],
    ['a correction downwards', { used: 700, standing: [80] }, { skipped: [], recovered: [] }],
  ])('%s', (_, { used, standing }, expected) => {
    expect(crossed(used, standing)).toEqual(expected)
  })

  test('a raised amount ends exactly what is no longer reached', () => {
    const standing = [80, 95, 100]
    expect(crossed(960, standing, { amountBefore: 900 })).toEqual({ skipped: [], recovered: [100] })
    expect(crossed(100, standing, { amountBefore: 900 })).toEqual({ skipped: [], recovered: [80, 95, 100] })
  })

  test('a raise warns of no level below what had stood', () => {
    expect(crossed(960, [100], { amountBefore: 900 })).toEqual({ skipped: [80, 95], recovered: [100] })
  })

  test('an amount that was not raised takes nothing back', () => {
    expect(crossed(10, [80], { amountBefore: 1_000 })).toEqual({ skipped: [], recovered: [] })
    expect(crossed(10, [80], { amountBefore: 2_000 })).toEqual({ skipped: [], recovered: [] })
  })

  test('a limit of nothing has no levels, and nobody hears of no levels', () => {
    expect(crossed(5, [], { amount: 0 })).toEqual({ skipped: [], recovered: [] })
    expect(crossedLevels({ used: 9, amount: 1, percents: [], standing: [] })).toEqual({ skipped: [], recovered: [] })
  })
})

test('isReached() counts exactly where numbers no longer do', () => {
  const amount = Number.MAX_SAFE_INTEGER
  expect(isReached({ used: amount - 1, amount }, 100)).toBe(false)
  expect(isReached({ used: amount, amount }, 100)).toBe(true)
  expect(isReached({ used: 7_205_759_403_792_792, amount }, 80)).toBe(false)
  expect(isReached({ used: 7_205_759_403_792_793, amount }, 80)).toBe(true)
})

test.each([
  [1, 'warning'],
  [89, 'warning'],
  [90, 'critical'],
  [99, 'critical'],
  [100, 'exhausted'],
  [1_000, 'exhausted'],
])('%i % is called %s', (percent, word) => {
  expect(levelWord(percent)).toBe(word)
})

test('levelKey() tells subject, limit, window and level apart', () => {
  const name = { subject: { kind: 'account', id: 'alice' }, limit: 'daily', startMs: 5, percent: 80 } as const
  const others = [
    { ...name, percent: 95 },
    { ...name, startMs: 6 },
    { ...name, limit: 'hourly' },
    { ...name, subject: { kind: 'account', id: 'bob' } as const },
    { ...name, subject: { kind: 'project', id: 'alice' } as const },
  ]
  expect(levelKey(name)).toBe('level account:alice daily 5 80')
  expect(new Set([name, ...others].map(levelKey)).size).toBe(6)
})
