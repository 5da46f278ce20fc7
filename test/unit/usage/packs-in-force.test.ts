import { expect, test } from 'vitest'
import type { Grant } from '../../../src/core/grant.ts'
import type { LimitRule } from '../../../src/core/limit.ts'
import { figuresKeptMs } from '../../../src/core/pack-schedule.ts'
import { createPackGroups } from '../../../src/policy/pack-groups.ts'
import { emptyPolicy } from '../../../src/policy/policy-state.ts'
import { ShardedMap } from '../../../src/policy/sharded-map.ts'
import { createSnapshot } from '../../../src/policy/snapshot.ts'
import { createPackChanges } from '../../../src/usage/packs-in-force.ts'

const nowMs = 1_800_000_000_000
const dayMs = 86_400_000

const limit = (name: string, over: Partial<LimitRule> = {}): LimitRule => ({
  ...({ id: name, name, kind: 'quota', counts: 'requests', per: 'account', surface: 'any', amount: 1 } as const),
  ...({ window: 'day', appliesTo: { kind: 'anyone' }, enforceAt: 'artifact', posture: 'local' } as const),
  ...{ shadow: false, refusesWith429: false, ...over },
})
const pack = (id: string, account: string, over: Partial<Grant> = {}): Grant => ({
  ...{ id, limitName: 'daily', grantedTo: { kind: 'account', id: account }, amount: { whole: 5, milli: 5_000 } },
  ...{ spent: { whole: 0, milli: 0 }, startMs: nowMs - dayMs, endMs: nowMs + dayMs, ...over },
})
const account = (id: string) => ({
  ...({
    id,
    partition: 7,
    kind: 'person',
    role: 'member',
    project: 'p',
    plan: 'free',
    timeZone: 'Asia/Tokyo',
  } as const),
  disabled: false,
})

function table<Noun extends { readonly id: string }>(rows: readonly Noun[]) {
  const draft = new ShardedMap<Noun>().draft()
  for (const row of rows) draft.set(row.id, row)
  return { inForce: draft.finish(), faults: new Map(), isHeld: false }
}

interface Rows {
  readonly limits?: readonly LimitRule[]
  readonly grants: readonly Grant[]
}

function changesOf(rows: Rows) {
  const tables = { ...emptyPolicy.tables, account: table(['alice', 'bob', 'carol'].map(account)) }
  const policyOf = ({ limits = [limit('daily'), limit('weekly', { window: 'week_mon' })], grants }: Rows) =>
    createSnapshot({ ...emptyPolicy, tables: { ...tables, limit_rule: table(limits), grant: table(grants) } })
  let policy = policyOf(rows)
  const next = createPackChanges({
    ...createPackGroups(() => policy),
    windowAt: (ms) => ({ startMs: ms, endMs: ms + 1 }),
    nowMs: () => nowMs,
  })
  return {
    next: (countMax = 10) =>
      next(countMax).map(({ account: whose, groups }) => [whose, ...groups.map(({ grants }) => grants.join())]),
    move: (to: Rows) => {
      policy = policyOf(to)
    },
  }
}

test('packs are settled by quota, those of one account together, so many accounts at a time', () => {
  const grants = [pack('a', 'alice'), pack('b', 'alice', { limitName: 'weekly' }), pack('c', 'alice'), pack('d', 'bob')]
  const { next } = changesOf({ grants })
  const first = next(1)
  expect([...first, ...next(1)].sort()).toEqual([
    ['alice', 'a,c', 'b'],
    ['bob', 'd'],
  ])
  expect(next(1)).toEqual([])
})

test.each<[string, Partial<LimitRule> | undefined]>([
  ['there is no limit', undefined],
  ['the limit is a rate', { kind: 'rate', periodMs: 1_000 }],
  ['the quota is shared', { per: 'project' }],
  ['the quota is of our own API', { surface: 'api' }],
])('nothing is settled where %s', (_, over) => {
  const limits = over === undefined ? [] : [limit('daily', over)]
  expect(changesOf({ limits, grants: [pack('a', 'alice')] }).next()).toEqual([['alice']])
})

test('packs of which the figures are gone are left out, and so are raises', () => {
  const { spent: _, ...raise } = pack('raise', 'bob')
  const grants = [pack('old', 'alice', { endMs: nowMs - figuresKeptMs }), pack('new', 'alice'), raise]
  expect(changesOf({ grants }).next()).toEqual([['alice', 'new']])
})

test('a pack that is gone, and a limit that changes, are told of whom they concern', () => {
  const { next, move } = changesOf({ grants: [pack('a', 'alice'), pack('b', 'bob')] })
  next()
  move({ grants: [pack('b', 'bob')] })
  expect(next()).toContainEqual(['alice'])
  move({ limits: [], grants: [pack('b', 'bob')] })
  expect(next()).toEqual([['bob']])
})
