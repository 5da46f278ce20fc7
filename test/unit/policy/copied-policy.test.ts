import { expect, test } from 'vitest'
import type { AccessRule } from '../../../src/core/access.ts'
import type { AlertRule } from '../../../src/core/alert-rule.ts'
import type { DescriptorRule, DomainRule } from '../../../src/core/descriptor-rule.ts'
import type { Grant } from '../../../src/core/grant.ts'
import type { LimitRule } from '../../../src/core/limit.ts'
import type { PriceRule } from '../../../src/core/price.ts'
import type { Account, Department, Plan, Project, Token } from '../../../src/core/principal.ts'
import type { Upstream } from '../../../src/core/upstream.ts'
import { copyFormat, linesOfPolicy, readCopiedPolicy } from '../../../src/policy/copied-policy.ts'
import { emptyPolicy, type PolicyState } from '../../../src/policy/policy-state.ts'
import type { SealedLines } from '../../../src/policy/ports.ts'
import { ShardedMap } from '../../../src/policy/sharded-map.ts'
import { createSnapshot } from '../../../src/policy/snapshot.ts'

const dayMs = 86_400_000

// Each with every field there is: when one is added, removed or changes its meaning, these no longer compile or agree. Then raise `copyFormat`.
const limit: Required<Omit<LimitRule, 'isFaulty'>> = {
  ...{
    id: 'daily',
    name: 'account-daily',
    kind: 'quota',
    counts: 'credits',
    per: 'account',
    surface: 'any',
    amount: 10,
  },
  ...{ burst: 1, periodMs: 1_000, paceMsMax: 0, window: 'day', timeZone: 'Asia/Kathmandu' },
  ...{ appliesTo: { kind: 'plan', id: 'free' }, enforceAt: 'artifact', posture: 'local', shadow: false },
  refusesWith429: false,
}
const account: Required<Account> = {
  ...{ id: 'alice', partition: 7, kind: 'person', role: 'member', project: 'vision', plan: 'free', timeZone: 'UTC' },
  disabled: false,
}
const token: Required<Token> = {
  ...{ id: 't1', digest: 'ab'.repeat(32), account: 'alice', partition: 7, expiresAtMs: 2e12 },
  revokedAtMs: Number.NEGATIVE_INFINITY,
}
const price: Required<PriceRule> = {
  ...{ id: 'p', surface: 'pypi', kind: 'artifact', packagePattern: 'torch.*', heat: 'hot', assumedBytes: 5 },
  ...{ baseMilli: 1_000, tiers: [{ fromBytes: 0, milliPerMb: 5 }], charged: 'by_size' },
}
const upstream: Required<Upstream> = {
  ...{ id: 'mirror', surface: 'pypi', host: 'pypi.example', mountPath: '/pypi', originUrl: 'http://127.0.0.1:1' },
  ...{ grammar: 'pypi', credential: 'env:TOLLGATE_UPSTREAM_MIRROR' },
}
const rule: Required<AccessRule> = {
  ...{ id: 'no', effect: 'deny', surface: 'pypi', cidr: '10.0.0.0/8', account: 'alice', packagePattern: 'x' },
  ...{ expiresAtMs: Number.POSITIVE_INFINITY, reason: 'No' },
}
const grant: Required<Grant> = {
  ...{
    id: 'g',
    limitName: 'account-daily',
    grantedTo: { kind: 'account', id: 'alice' },
    amount: { whole: 1, milli: 1_000 },
    spent: { whole: 0, milli: 1 },
  },
  ...{ startMs: 1, endMs: 2 },
}
const alertRule: Required<AlertRule> = {
  ...{ id: 'w', limitName: 'account-daily', scope: 'account:alice', percents: [50, 100] },
}
const domain: Required<DomainRule> = {
  ...{ id: 'envoy', counting: 'each', chargesRefused: true, posture: 'local', shadow: true, quotaMode: true },
  ...{ headers: 'both', headersShow: 'all', metadata: true, trustsDescriptors: true, surface: 'gpu' },
}
const descriptorLimit: Required<DescriptorRule> = {
  ...{ id: 'd', domain: 'envoy', position: 3, name: 'n', replaces: ['m'], shadow: false, quotaMode: false },
  steps: [{ key: 'path', match: { kind: 'regex', pattern: 'a+' }, sharesThreshold: true, valueToMetric: true }],
  amount: { kind: 'window', amount: 5, period: { unit: 'day', units: 1, timeZone: 'UTC' } },
  ...{ detailedMetric: true, chargesRefused: false, posture: 'deny', isFaulty: true },
}
const plan: Required<Plan> = { id: 'free', tokenDaysMax: 7, bridgePercent: 5 }
const project: Required<Project> = { id: 'vision', partition: 7, department: 'research' }
const department: Required<Department> = { id: 'research', partition: 7 }

const fault = {
  table: 'limit_rule',
  id: 'broken',
  reasons: ['limit_amount_is_not_negative'],
  inForce: 'nothing',
} as const

function table<Noun>(id: string, noun: Noun, isHeld = false) {
  const draft = new ShardedMap<Noun>().draft()
  draft.set(id, noun)
  return { inForce: draft.finish(), faults: new Map(), isHeld }
}

const state: PolicyState = {
  history: 'h1',
  version: 42,
  tables: {
    ...{ plan: table('free', plan), department: table('research', department), project: table('vision', project) },
    ...{ account: table('alice', account), token: table('t1', token), upstream: table('mirror', upstream) },
    limit_rule: { ...table('daily', limit as LimitRule), faults: new Map([['broken', fault]]) },
    ...{ price_rule: table('p', price, true), access_rule: table('no', { rules: [rule] }), grant: table('g', grant) },
    alert_rule: table('w', alertRule),
    ...{ descriptor_domain: table('envoy', domain), descriptor_limit: table('d', descriptorLimit) },
  },
}

function inMemory(lines: readonly string[] | undefined): SealedLines {
  return {
    write: async () => undefined,
    async read(take) {
      for (const line of lines ?? []) take(line)
      return lines !== undefined
    },
  }
}

const copy = (confirmedAtMs = 0) => [...linesOfPolicy({ state, confirmedAtMs })]
const read = (lines: readonly string[] | undefined, nowMs = 0) =>
  readCopiedPolicy(inMemory(lines), { nowMs, ageMsMax: 7 * dayMs })

test('what was in force is in force again: every row, every fault, every held table, version and history', async () => {
  const copied = await read(copy(5), 5)
  expect(copied).toEqual({ state, confirmedAtMs: 5 })
  const snapshot = createSnapshot(copied?.state ?? emptyPolicy)
  expect(snapshot.tokenByDigest(token.digest)).toEqual(token)
  expect(snapshot.limitsOf(account, 0)).toHaveLength(1)
  expect(snapshot.upstreamsOfHost('pypi.example')).toEqual([upstream])
  expect(snapshot.token('t1')).toEqual(token)
  const { root } = snapshot.descriptorDomain('envoy') ?? {}
  expect(root?.keys.get('path')?.patterns.firstOf('aa')?.rules).toEqual([descriptorLimit])
  const place = { account: 'alice', project: 'vision', department: 'research', plan: 'free' }
  expect(snapshot.alertPercentsFor({ limitName: 'account-daily', place })).toEqual([50, 100])
})

test('nothing kept is nothing read', async () => {
  expect(await read(undefined)).toBeUndefined()
})

test('a copy is used up to its age, counted from when the database confirmed it, and not a moment longer', async () => {
  expect(await read(copy(1_000), 1_000 + 7 * dayMs)).toBeDefined()
  await expect(read(copy(1_000), 1_001 + 7 * dayMs)).rejects.toThrow(
    'The copy of the policy is 7.0 days old; at most 7.0 are allowed',
  )
})

test('a copy of another format is not guessed at', async () => {
  const [head = '', ...rest] = copy()
  const other = JSON.stringify({ ...JSON.parse(head), format: copyFormat + 1 })
  await expect(read([other, ...rest])).rejects.toThrow(
    `The copy of the policy has format ${copyFormat + 1}; this release reads ${copyFormat}`,
  )
})
