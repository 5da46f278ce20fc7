import { describe, expect, test } from 'vitest'
import type { Grant } from '../../../src/core/grant.ts'
import type { LimitRule } from '../../../src/core/limit.ts'
import type { Place } from '../../../src/core/resolve-limits.ts'
import { LimitIndex } from '../../../src/policy/limit-index.ts'
import { ShardedMap } from '../../../src/policy/sharded-map.ts'

type AppliesTo = LimitRule['appliesTo']

function rule(id: string, name: string, appliesTo: AppliesTo = { kind: 'anyone' }): LimitRule {
  return {
    id,
    name,
    appliesTo,
    kind: 'quota',
    counts: 'requests',
    per: 'account',
    surface: 'any',
    amount: 1,
    window: 'day',
    enforceAt: 'artifact',
    posture: 'allow',
    shadow: false,
    refusesWith429: false,
  }
}

const alice: Place = { account: 'alice', project: 'vision', department: 'research', plan: 'free' }
const bob: Place = { ...alice, account: 'bob' }
function byId<Row extends { readonly id: string }>(rows: readonly Row[]): ShardedMap<Row> {
  const draft = new ShardedMap<Row>().draft()
  for (const row of rows) draft.set(row.id, row)
  return draft.finish()
}

function indexOf(
  { rules, grants = [] }: { readonly rules: readonly LimitRule[]; readonly grants?: readonly Grant[] },
  previous?: LimitIndex,
): LimitIndex {
  return new LimitIndex({ rules: byId(rules), grants: byId(grants) }, previous)
}

const idsOf = (index: LimitIndex, place: Place): readonly string[] =>
  index.limitsOf(place, 0).limits.map((limit) => limit.id)

describe('limitsOf()', () => {
  const scopes: readonly AppliesTo[] = [
    { kind: 'anyone' },
    { kind: 'plan', id: 'free' },
    { kind: 'department', id: 'research' },
    { kind: 'project', id: 'vision' },
    { kind: 'account', id: 'alice' },
  ]

  test.each(scopes.map((_, index) => index))('lets the most specific of the first %i + 1 scopes win', (last) => {
    const rules = scopes.slice(0, last + 1).map((scope, index) => rule(`r${index}`, 'one', scope))
    expect(idsOf(indexOf({ rules }), alice)).toEqual([`r${last}`])
    expect(idsOf(indexOf({ rules: rules.toReversed() }), alice)).toEqual([`r${last}`])
  })

  test('keeps limits of different names, sorted, and leaves out those of others', () => {
    const rules = [rule('z', 'z'), rule('a', 'a'), rule('other', 'other', { kind: 'plan', id: 'gold' })]
    expect(idsOf(indexOf({ rules }), alice)).toEqual(['a', 'z'])
  })

  test('answers the same array until a rule it rests on changes', () => {
    const everyone = rule('everyone', 'everyone')
    const ofBob = rule('of-bob', 'of-bob', { kind: 'account', id: 'bob' })
    const first = indexOf({ rules: [everyone, ofBob] })
    const [ofAliceBefore, ofBobBefore] = [first.limitsOf(alice, 0).limits, first.limitsOf(bob, 0).limits]
    expect(first.limitsOf({ ...alice, account: 'carol' }, 0).limits).toBe(ofAliceBefore)
    const second = indexOf({ rules: [everyone, { ...ofBob, amount: 2 }] }, first)
    expect(second.limitsOf(alice, 0).limits).toBe(ofAliceBefore)
    expect(second.limitsOf(bob, 0).limits).not.toBe(ofBobBefore)
    expect(second.limitsOf(bob, 0).limits[1]?.amount).toBe(2)
    const third = indexOf({ rules: [{ ...everyone, amount: 3 }] }, second)
    expect(third.limitsOf(alice, 0).limits[0]?.amount).toBe(3)
    expect(third.limitsOf(bob, 0).limits).toBe(third.limitsOf(alice, 0).limits)
  })

  const grant = (id: string, grantedTo: Grant['grantedTo']): Grant => ({
    ...{ id, limitName: 'one', grantedTo, amount: { whole: 10, milli: 10_000 }, startMs: 100, endMs: 200 },
  })
  const amountsOf = (index: LimitIndex, place: Place, nowMs: number): readonly number[] =>
    index.limitsOf(place, nowMs).limits.map(({ amount }) => amount)

  test('adds grants to an account, its project and its department, and to nobody else', () => {
    const rules = [rule('one', 'one')]
    const grants = [
      grant('a', { kind: 'account', id: 'alice' }),
      grant('p', { kind: 'project', id: 'vision' }),
      grant('d', { kind: 'department', id: 'research' }),
    ]
    const index = indexOf({ rules, grants })
    expect(amountsOf(index, alice, 150)).toEqual([31])
    expect(amountsOf(index, bob, 150)).toEqual([21])
    expect(amountsOf(index, { ...bob, project: 'photos' }, 150)).toEqual([11])
    expect(amountsOf(index, { ...bob, project: 'photos', department: 'sales' }, 150)).toEqual([1])
  })

  test('lets a grant begin and end although nothing changes, also when the clock goes back', () => {
    const index = indexOf({
      rules: [rule('one', 'one')],
      grants: [grant('a', { kind: 'account', id: 'alice' })],
    })
    expect([99, 100, 199, 200, 199, 99].map((nowMs) => amountsOf(index, alice, nowMs)[0])).toEqual([
      1, 11, 11, 1, 11, 1,
    ])
    expect(index.limitsOf(alice, 150)).toBe(index.limitsOf(alice, 151))
  })

  test('forgets what it resolved when a grant comes or goes', () => {
    const rules = [rule('one', 'one')]
    const first = indexOf({ rules })
    expect(amountsOf(first, alice, 150)).toEqual([1])
    const granted = indexOf({ rules, grants: [grant('p', { kind: 'project', id: 'vision' })] }, first)
    expect(amountsOf(granted, alice, 150)).toEqual([11])
    expect(granted.limitsOf(alice, 150)).toBe(granted.limitsOf(bob, 150))
    expect(amountsOf(indexOf({ rules }, granted), alice, 150)).toEqual([1])
  })

  test('an index that is still asked after the next one was made answers by its own rows', () => {
    const rules = [rule('one', 'one')]
    const first = indexOf({ rules })
    expect(amountsOf(first, alice, 150)).toEqual([1])
    const second = indexOf({ rules: [{ ...rule('one', 'one'), amount: 5 }] }, first)
    expect([second, first, second].map((index) => amountsOf(index, alice, 150))).toEqual([[5], [1], [5]])
  })

  test('does not mix up accounts of another place', () => {
    const index = indexOf({ rules: [rule('r', 'r'), rule('p', 'r', { kind: 'project', id: 'photos' })] })
    expect(idsOf(index, alice)).toEqual(['r'])
    expect(idsOf(index, { ...alice, project: 'photos' })).toEqual(['p'])
  })
})
