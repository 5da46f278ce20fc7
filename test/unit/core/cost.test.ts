import { expect, test } from 'vitest'
import type { Outcome } from '../../../src/core/charge.ts'
import { actualOf, costMilli, estimateOf } from '../../../src/core/cost.ts'

/** 1 credit, the first 10 MB free, then 2 credits a MB, from 100 MB half a credit. */
const price = {
  baseMilli: 1_000,
  tiers: [
    { fromBytes: 0, milliPerMb: 0 },
    { fromBytes: 10_000_000, milliPerMb: 2_000 },
    { fromBytes: 100_000_000, milliPerMb: 500 },
  ],
  charged: 'by_size',
} as const
const rule = { ...price, assumedBytes: 20_000_000 }
const headers = (...names: readonly string[]) => new Map(names.map((name) => [name, 'x']))

test.each([
  [0, 1_000],
  [10_000_000, 1_000],
  [10_000_001, 1_001],
  [10_000_500, 1_001],
  [10_000_501, 1_002],
  [11_000_000, 3_000],
  [30_000_000, 41_000],
  [100_000_000, 181_000],
  [100_000_001, 181_001],
  [102_000_000, 182_000],
])('costMilli() of %d bytes is %d: marginal tiers, rounded up once', (bytes, milli) => {
  expect(costMilli(price, bytes)).toBe(milli)
})

test('costMilli() rounds once, not per tier', () => {
  const tiers = [
    { fromBytes: 0, milliPerMb: 1 },
    { fromBytes: 500_000, milliPerMb: 1 },
  ]
  expect(costMilli({ baseMilli: 0, tiers, charged: 'by_size' }, 1_000_000)).toBe(1)
})

test('costMilli() is exact where doubles are not, and never passes 2^53 - 1', () => {
  const dear = { baseMilli: 1, tiers: [{ fromBytes: 0, milliPerMb: 999_999_937 }], charged: 'by_size' } as const
  expect(costMilli(dear, 9_007_199_254_740)).toBe(9_007_198_687_286_448)
  expect(costMilli({ ...dear, baseMilli: 5 }, Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER)
})

test('costMilli() at the door is the base, whatever is sent', () => {
  expect(costMilli({ ...price, charged: 'at_the_door' }, 1e9)).toBe(1_000)
})

test('estimateOf() reserves the known size, else the assumed one', () => {
  expect(estimateOf(rule, { method: 'GET', headers: headers(), sizeBytes: 11_000_000 })).toEqual({
    requests: 1,
    credits: 3_000,
    bytes: 11_000_000,
    gpu_ms: 0,
  })
  expect(estimateOf(rule, { method: 'GET', headers: headers('range') })).toEqual({
    requests: 1,
    credits: 21_000,
    bytes: 20_000_000,
    gpu_ms: 0,
  })
})

test.each([
  ['HEAD', headers()],
  ['GET', headers('if-none-match')],
  ['GET', headers('if-modified-since')],
])('estimateOf() reserves the base only for %s with %o', (method, sent) => {
  const estimate = estimateOf(rule, { method, headers: sent, sizeBytes: 90_000_000 })
  expect(estimate).toEqual({ requests: 1, credits: 1_000, bytes: 0, gpu_ms: 0 })
})

test.each(['delivered', 'aborted'] as const)('actualOf() charges what was sent when %s', (outcome) => {
  expect(actualOf(price, { outcome, bytes: 12_000_000 })).toEqual({
    requests: 1,
    credits: 5_000,
    bytes: 12_000_000,
    gpu_ms: 0,
  })
})

test.each<Outcome>(['not_modified', 'head', 'redirect', 'client_error', 'server_error', 'undelivered', 'unknown'])(
  'actualOf() charges nothing for %s',
  (outcome) => {
    expect(actualOf(price, { outcome, bytes: 12_000_000 })).toEqual({ requests: 0, credits: 0, bytes: 0, gpu_ms: 0 })
  },
)
