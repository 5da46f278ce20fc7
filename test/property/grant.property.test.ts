import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Grant, raisedBy } from '../../src/core/grant.ts'
import type { LimitRule } from '../../src/core/limit.ts'
import { holds } from '../../src/core/time-range.ts'

const limits = ['one', 'two'].map((name): LimitRule => {
  const rule = {
    id: name,
    name,
    kind: 'quota',
    counts: 'requests',
    per: 'account',
    surface: 'any',
    amount: 10,
  } as const
  const answer = { enforceAt: 'artifact', posture: 'allow', shadow: false, refusesWith429: false } as const
  return { ...rule, ...answer, appliesTo: { kind: 'anyone' } }
})
const instant = fc.integer({ min: 0, max: 40 })
const grant = fc
  .record({
    limitName: fc.constantFrom('one', 'two', 'three'),
    whole: fc.integer({ min: 1, max: 9 }),
    startMs: instant,
  })
  .chain(({ limitName, whole, startMs }) =>
    fc.integer({ min: 1, max: 20 }).map(
      (lengthMs): Grant => ({
        ...{ id: 'g', limitName, startMs, endMs: startMs + lengthMs },
        grantedTo: { kind: 'account', id: 'alice' },
        amount: { whole, milli: whole * 1_000 },
      }),
    ),
  )

/** The definition: the amount and every grant of the name that runs. */
function amountsAt(grants: readonly Grant[], nowMs: number): readonly number[] {
  return limits.map(({ name, amount }) =>
    grants
      .filter((one) => one.limitName === name && one.startMs <= nowMs && nowMs < one.endMs)
      .reduce((sum, one) => sum + one.amount.whole, amount),
  )
}

test('raisedBy() adds what runs, for exactly as long as nothing begins or ends', () => {
  fc.assert(
    fc.property(fc.array(grant, { maxLength: 6 }), fc.integer({ min: -5, max: 70 }), (grants, nowMs) => {
      const inForce = raisedBy(limits, grants, nowMs)
      expect(inForce.limits.map(({ amount }) => amount)).toEqual(amountsAt(grants, nowMs))
      expect(holds(inForce, nowMs)).toBe(true)
      for (let ms = -5; ms <= 70; ms += 1) {
        if (holds(inForce, ms)) expect(amountsAt(grants, ms)).toEqual(amountsAt(grants, nowMs))
      }
      const edges = new Set(grants.flatMap(({ startMs, endMs }) => [startMs, endMs]))
      for (const edge of [inForce.startMs, inForce.endMs]) expect(edges.has(edge) || !Number.isFinite(edge)).toBe(true)
    }),
    { numRuns: 500 },
  )
})
