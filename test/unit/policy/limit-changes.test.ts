import { describe, expect, test } from 'vitest'
import type { AlertRule } from '../../../src/core/alert-rule.ts'
import type { Grant } from '../../../src/core/grant.ts'
import type { LimitRule } from '../../../src/core/limit.ts'
import { type Concerned, createLimitChanges } from '../../../src/policy/limit-changes.ts'
import { emptyPolicy, type PolicyState } from '../../../src/policy/policy-state.ts'
import { ShardedMap } from '../../../src/policy/sharded-map.ts'
import { createSnapshot, type PolicySnapshot } from '../../../src/policy/snapshot.ts'

function table<Noun extends { readonly id: string }>(rows: readonly Noun[]) {
  const draft = new ShardedMap<Noun>().draft()
  for (const row of rows) draft.set(row.id, row)
  return { inForce: draft.finish(), faults: new Map(), isHeld: false }
}

const account = (id: string, project: string, plan = 'free') => ({
  ...({ id, partition: 1, kind: 'person', role: 'member', project, plan, timeZone: 'UTC', disabled: false } as const),
})
const limit = (id: string, appliesTo: LimitRule['appliesTo'], per: LimitRule['per'] = 'account'): LimitRule => ({
  ...({ id, name: 'daily', kind: 'quota', counts: 'credits', per, surface: 'any', amount: 1, window: 'day' } as const),
  ...({ appliesTo, enforceAt: 'artifact', posture: 'local', shadow: false, refusesWith429: false } as const),
})
const grant = (id: string, grantedTo: Grant['grantedTo'], [startMs, endMs] = [0, 9]): Grant => ({
  ...{ id, limitName: 'daily', grantedTo, amount: { whole: 1, milli: 1_000 }, startMs, endMs },
})
const rule = (id: string, scope: string): AlertRule => ({ id, scope, percents: [50] })
const token = (id: string, of: string) => ({ id, digest: id, account: of, partition: 2, expiresAtMs: 9 })

interface Rows {
  readonly limits?: readonly LimitRule[]
  readonly grants?: readonly Grant[]
  readonly rules?: readonly AlertRule[]
  readonly accounts?: readonly ReturnType<typeof account>[]
}

const people = [account('alice', 'vision'), account('bob', 'speech'), account('carol', 'archive', 'paid')]
const project = (id: string, department: string) => ({ id, partition: 3, department })

function policy({ limits = [], grants = [], rules = [], accounts = people }: Rows, over: Partial<PolicyState> = {}) {
  return createSnapshot({
    ...{ history: 'h', version: 1 },
    tables: {
      ...emptyPolicy.tables,
      department: table([
        { id: 'research', partition: 4 },
        { id: 'museum', partition: 5 },
      ]),
      project: table([project('vision', 'research'), project('speech', 'research'), project('archive', 'museum')]),
      ...{ account: table(accounts), token: table([token('t1', 'alice'), token('t2', 'bob')]) },
      ...{ limit_rule: table(limits), grant: table(grants), alert_rule: table(rules) },
    },
    ...over,
  })
}

const names = (concerned: Concerned) =>
  concerned === 'everybody' ? concerned : concerned.map(({ kind, id }) => `${kind}:${id}`)
const changed = (before: Rows, after: Rows) => {
  const old = policy(before)
  const now = policy(after)
  // Only the tables that are told apart, as an incremental apply shares the others.
  const { limit_rule, grant: grants, alert_rule, account: accounts } = now.state.tables
  const tables = { ...old.state.tables, limit_rule, grant: grants, alert_rule }
  const state = { ...old.state, tables: after.accounts === undefined ? tables : { ...tables, account: accounts } }
  return names(createLimitChanges().concernedBy(old, createSnapshot(state)))
}

describe('concernedBy()', () => {
  test.each<[string, Rows, unknown]>([
    ['nothing', {}, []],
    ['a limit of an account', { limits: [limit('l', { kind: 'account', id: 'alice' })] }, ['account:alice']],
    ['a limit of a plan', { limits: [limit('l', { kind: 'plan', id: 'paid' })] }, ['account:carol']],
    ['a limit of anyone', { limits: [limit('l', { kind: 'anyone' })] }, 'everybody'],
    [
      'a grant to a project',
      { grants: [grant('g', { kind: 'project', id: 'speech' })] },
      ['project:speech', 'account:bob'],
    ],
    [
      'a grant to a department',
      { grants: [grant('g', { kind: 'department', id: 'research' })] },
      ['department:research', 'project:speech', 'project:vision', 'account:alice', 'account:bob'],
    ],
    ['a rule of levels', { rules: [rule('w', 'account:bob')] }, ['account:bob']],
    ['a rule of levels for all', { rules: [rule('w', 'anyone')] }, 'everybody'],
  ])('of %s, whether it comes or goes', (_, rows, expected) => {
    expect(changed({}, rows)).toEqual(expected)
    expect(changed(rows, {})).toEqual(expected)
  })

  test('a row that moves concerns where it was and where it is', () => {
    const before = { limits: [limit('l', { kind: 'account', id: 'alice' })] }
    const after = { limits: [limit('l', { kind: 'account', id: 'bob' })] }
    expect(changed(before, after)).toEqual(['account:alice', 'account:bob'])
  })

  test('an account that moves is concerned', () => {
    const accounts = [account('alice', 'archive'), ...people.slice(1)]
    expect(changed({}, { accounts })).toContain('account:alice')
  })

  test('tokens are named where they have quotas of their own', () => {
    const limits = [limit('l', { kind: 'account', id: 'alice' }, 'token')]
    expect(changed({}, { limits })).toEqual(['account:alice', 'token:t1'])
  })

  test('more than 1,000 subjects are everybody', () => {
    const many = Array.from({ length: 1_001 }, (_, nth) => account(`a${nth}`, 'vision', 'big'))
    const of = (accounts: Rows['accounts'] = []) => {
      const before = policy({ accounts })
      const limits = table([limit('l', { kind: 'plan', id: 'big' })])
      const state = { ...before.state, tables: { ...before.state.tables, limit_rule: limits } }
      return createLimitChanges().concernedBy(before, createSnapshot(state))
    }
    expect(of(many)).toBe('everybody')
    expect(of(many.slice(1))).toHaveLength(1_000)
  })

  test('who moved is concerned by what is for the new place, and no longer by what is for the old one', () => {
    const { concernedBy } = createLimitChanges()
    const start = policy({})
    const moved = policy({ accounts: [account('alice', 'archive'), ...people.slice(1)] })
    concernedBy(undefined, start)
    concernedBy(start, moved)
    const grantTo = (id: string) => {
      const tables = { ...moved.state.tables, grant: table([grant('g', { kind: 'project', id })]) }
      return names(concernedBy(moved, createSnapshot({ ...moved.state, tables })))
    }
    expect(grantTo('archive')).toEqual(['project:archive', 'account:alice', 'account:carol'])
    expect(grantTo('vision')).toEqual(['project:vision'])
  })

  test('scopes of nobody hide no one who is there', () => {
    const many = Array.from({ length: 600 }, (_, nth) => account(`a${nth}`, 'vision', 'big'))
    const nobodys = Array.from({ length: 600 }, (_, nth) => limit(`n${nth}`, { kind: 'account', id: `gone${nth}` }))
    const before = policy({ accounts: many })
    const limits = table([...nobodys, limit('l', { kind: 'plan', id: 'big' })])
    const after = createSnapshot({ ...before.state, tables: { ...before.state.tables, limit_rule: limits } })
    const concerned = createLimitChanges().concernedBy(before, after)
    expect(concerned === 'everybody' || concerned.length === 600).toBe(true)
  })

  test('a first policy, and one of another history, concern everybody', () => {
    const { concernedBy } = createLimitChanges()
    expect(concernedBy(undefined, policy({}))).toBe('everybody')
    expect(concernedBy(policy({}), policy({}, { history: 'other' }))).toBe('everybody')
  })
})

describe('grantEdges()', () => {
  const snapshot: PolicySnapshot = policy({
    grants: [
      grant('a', { kind: 'account', id: 'alice' }, [100, 200]),
      grant('b', { kind: 'account', id: 'bob' }, [150, 300]),
    ],
  })
  const edges = (sinceMs: number, untilMs: number) => {
    const { concerned, nextMs } = createLimitChanges().grantEdges(snapshot, { sinceMs, untilMs })
    return [names(concerned), nextMs]
  }

  test.each([
    [0, 99, [[], 100]],
    [99, 100, [['account:alice'], 150]],
    [100, 150, [['account:bob'], 200]],
    [150, 250, [['account:alice'], 300]],
    [99, 300, [['account:alice', 'account:bob'], undefined]],
    [300, 400, [[], undefined]],
  ])('after %i until %i', (sinceMs, untilMs, expected) => {
    expect(edges(sinceMs, untilMs)).toEqual(expected)
  })

  test('more than 5,000 at once are everybody, whomever they are for', () => {
    const grants = Array.from({ length: 5_001 }, (_, nth) => grant(`g${nth}`, { kind: 'account', id: 'alice' }, [1, 9]))
    const edgesOf = (rows: readonly Grant[]) =>
      createLimitChanges().grantEdges(policy({ grants: rows }), { sinceMs: 0, untilMs: 5 })
    expect(edgesOf(grants)).toEqual({ concerned: 'everybody', nextMs: 9 })
    expect(names(edgesOf(grants.slice(1)).concerned)).toEqual(['account:alice'])
  })
})
