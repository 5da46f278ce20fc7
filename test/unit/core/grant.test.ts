import { describe, expect, it } from 'vitest'
import { type Grant, raisedBy } from '../../../src/core/grant.ts'
import type { LimitRule } from '../../../src/core/limit.ts'

const rule = (some: Partial<LimitRule>): LimitRule => ({
  id: 'r',
  name: 'daily',
  kind: 'quota',
  counts: 'requests',
  per: 'account',
  surface: 'any',
  amount: 10,
  appliesTo: { kind: 'anyone' },
  enforceAt: 'artifact',
  posture: 'allow',
  shadow: false,
  refusesWith429: false,
  ...some,
})
const grant = (some: Partial<Grant>): Grant => ({
  id: 'g',
  limitName: 'daily',
  grantedTo: { kind: 'account', id: 'alice' },
  amount: { whole: 5, milli: 5_000 },
  startMs: 100,
  endMs: 200,
  ...some,
})
const amounts = (limits: readonly LimitRule[]): readonly number[] => limits.map(({ amount }) => amount)

describe('raisedBy()', () => {
  it.each([
    [99, 10, -Infinity, 100],
    [100, 15, 100, 150],
    [149, 15, 100, 150],
    [150, 22, 150, 200],
    [199, 22, 150, 200],
    [200, 17, 200, 250],
    [250, 10, 250, Infinity],
  ])('adds at %i to %i what runs then, and holds from %d until %d', (...[nowMs, amount, startMs, endMs]) => {
    const grants = [grant({}), grant({ id: 'h', amount: { whole: 7, milli: 7_000 }, startMs: 150, endMs: 250 })]
    const inForce = raisedBy([rule({})], grants, nowMs)
    expect([amounts(inForce.limits), inForce.startMs, inForce.endMs]).toEqual([[amount], startMs, endMs])
  })

  it('answers the same array while nothing is added', () => {
    const limits = [rule({})]
    expect(raisedBy(limits, [], 0).limits).toBe(limits)
    expect(raisedBy(limits, [grant({})], 0).limits).toBe(limits)
  })

  it('leaves limits of other names and faulty ones alone', () => {
    const limits = [rule({ name: 'other' }), rule({ isFaulty: true, amount: 0 })]
    expect(amounts(raisedBy(limits, [grant({})], 150).limits)).toEqual([10, 0])
  })

  it.each([
    ['credits, to the thousandth', { counts: 'credits', amount: 10_000 }, { amount: 15_250 }],
    ['bytes, whole', { counts: 'bytes' }, { amount: 15 }],
    ['a cap', { kind: 'concurrency', counts: 'in_flight' }, { amount: 15 }],
    [
      'a cap, to no more than a cap may be',
      { kind: 'concurrency', counts: 'in_flight', amount: 998 },
      { amount: 1_000 },
    ],
    ['a quota, to no more than is counted exactly', { amount: 2 ** 52 - 1 }, { amount: 2 ** 52 }],
    ['a rate: its burst, not its refill', { kind: 'rate', burst: 20, periodMs: 1_000 }, { amount: 10, burst: 25 }],
    [
      'a rate, to no more than is counted exactly',
      { kind: 'rate', burst: 1_250_999_894, periodMs: 3_600_000 },
      { amount: 10, burst: 1_250_999_896 },
    ],
  ] as const)('raises %s', (_, some, expected) => {
    const grants = [grant({ amount: { whole: 5, milli: 5_250 } })]
    expect(raisedBy([rule(some)], grants, 150).limits).toMatchObject([expected])
  })
})
