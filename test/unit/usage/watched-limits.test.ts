import { expect, test } from 'vitest'
import { type LimitRule, windowKinds } from '../../../src/core/limit.ts'
import { resolveLimits } from '../../../src/core/resolve-limits.ts'
import type { Snapshot } from '../../../src/core/snapshot.ts'
import { untoldBecause } from '../../../src/core/told-limit.ts'
import { watchedLimits } from '../../../src/usage/watched-limits.ts'

const place = { account: 'alice', project: 'vision', department: 'research', plan: 'free' }
const scopes: readonly LimitRule['appliesTo'][] = [
  { kind: 'anyone' },
  { kind: 'plan', id: 'free' },
  { kind: 'department', id: 'research' },
  { kind: 'project', id: 'vision' },
  { kind: 'account', id: 'alice' },
]
const ids = {
  account: 'alice',
  token: 'alice-1',
  project: 'vision',
  department: 'research',
  everyone: 'everyone',
  address: '192.0.2.1',
} as const
type Per = keyof typeof ids
const daily: LimitRule = {
  ...({
    id: 'd',
    name: 'daily',
    kind: 'quota',
    counts: 'credits',
    per: 'account',
    surface: 'any',
    amount: 100,
  } as const),
  ...({ window: windowKinds[1], appliesTo: { kind: 'anyone' }, enforceAt: 'artifact', posture: 'local' } as const),
  ...{ shadow: false, refusesWith429: false },
}

/** A policy of alice and one limit, as far as levels ask for it; limits are resolved as ever. */
function policyOf(rule: LimitRule): Snapshot {
  const partition = 7
  const account = { id: 'alice', partition, kind: 'person', role: 'member', project: 'vision', plan: 'free' } as const
  const known: Partial<Snapshot> = {
    account: (id) => (id === 'alice' ? { ...account, timeZone: 'UTC', disabled: false } : undefined),
    project: (id) => (id === 'vision' ? { id, partition, department: 'research' } : undefined),
    department: (id) => (id === 'research' ? { id, partition } : undefined),
    limitsOf: () => resolveLimits([rule], place),
    limitsAt: (asked) => resolveLimits([rule], asked),
    alertPercentsFor: () => [80],
  }
  return known as Snapshot
}

const cases = (Object.keys(ids) as Per[]).flatMap((per) => scopes.map((appliesTo) => ({ per, appliesTo })))

test.each(cases)(
  'untoldBecause() says of a quota per $per for $appliesTo.kind what is watched',
  ({ per, appliesTo }) => {
    const rule = { ...daily, per, appliesTo }
    const asked = { subject: { kind: per, id: ids[per] }, account: 'alice', atMs: 0 }
    const isWatched = watchedLimits(policyOf(rule), asked).length > 0
    expect(untoldBecause(rule) === undefined).toBe(isWatched)
  },
)

test('untoldBecause() says of whom a shared counter is no measure', () => {
  expect(untoldBecause({ ...daily, per: 'project', appliesTo: { kind: 'plan', id: 'free' } })).toBe('others_share')
  expect(untoldBecause({ ...daily, per: 'department', appliesTo: { kind: 'project', id: 'vision' } })).toBe(
    'others_share',
  )
  expect(untoldBecause({ ...daily, per: 'project', appliesTo: { kind: 'department', id: 'research' } })).toBeUndefined()
  expect(untoldBecause({ ...daily, shadow: true })).toBe('shadow')
  expect(untoldBecause({ ...daily, kind: 'rate' })).toBe('no_quota')
  expect(untoldBecause({ ...daily, per: 'address' })).toBe('address')
})
