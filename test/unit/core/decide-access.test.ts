import { expect, test } from 'vitest'
import type { AccessRule } from '../../../src/core/access.ts'
import { type AccessFacts, decideAccess } from '../../../src/core/decide-access.ts'

const facts: AccessFacts = {
  surface: 'pypi',
  kind: 'artifact',
  account: 'alice',
  address: '10.1.2.3',
  resource: 'torch',
  nowMs: 1_000,
}
const deny = (match: Partial<AccessRule>): AccessRule => ({
  id: 'd',
  effect: 'deny',
  reason: 'No torch here',
  ...match,
})
const allowOnly = (match: Partial<AccessRule>): AccessRule => ({
  id: 'a',
  effect: 'allow',
  reason: 'Office only',
  ...match,
})
const decide = (rules: readonly AccessRule[], change: Partial<AccessFacts> = {}) =>
  decideAccess(rules, { ...facts, ...change }, (pattern, text) => new RegExp(`^(?:${pattern})$`).test(text))

const allowed = { kind: 'allow' }
const denied = { kind: 'deny', reason: 'No torch here' }
const outside = { kind: 'deny', reason: 'Office only' }

test('decideAccess() allows where no rule speaks', () => {
  expect(decide([])).toEqual(allowed)
})

test.each([
  ['everything', {}],
  ['the block', { cidr: '10.0.0.0/8' }],
  ['the account', { account: 'alice' }],
  ['the package', { packagePattern: 'torch.*' }],
  ['the surface', { surface: 'pypi' as const }],
  [
    'all of them',
    { cidr: '10.1.2.3', account: 'alice', packagePattern: 'torch', surface: 'pypi' as const, expiresAtMs: 1_001 },
  ],
])('decideAccess() denies by %s', (_, match) => {
  expect(decide([deny(match)])).toEqual(denied)
})

test.each([
  ['another block', { cidr: '10.2.0.0/16' }],
  ['another account', { account: 'bob' }],
  ['another package', { packagePattern: 'torch.+' }],
  ['another surface', { surface: 'gpu' as const }],
  ['an expired rule', { expiresAtMs: 1_000 }],
  ['a block that cannot be read', { cidr: 'ten' }],
])('decideAccess() is not denied by %s', (_, match) => {
  expect(decide([deny(match)])).toEqual(allowed)
})

test('decideAccess() lets a deny beat every allow', () => {
  expect(decide([allowOnly({ account: 'alice' }), deny({ packagePattern: 'torch' })])).toEqual(denied)
})

test('decideAccess() admits by an allow list only who matches one of its rules wholly', () => {
  const list = [allowOnly({ cidr: '192.168.0.0/16' }), allowOnly({ cidr: '10.0.0.0/8', packagePattern: 'torch' })]
  expect(decide(list)).toEqual(allowed)
  expect(decide(list, { address: '192.168.1.1', resource: 'numpy' })).toEqual(allowed)
  expect(decide(list, { resource: 'numpy' })).toEqual(outside)
  expect(decide(list, { address: '203.0.113.9' })).toEqual(outside)
  expect(decide(list, { address: 'unknown' })).toEqual(outside)
})

test('decideAccess() keeps an allow list to those it applies to', () => {
  const list = [allowOnly({ account: 'ci', cidr: '192.168.0.0/16' })]
  expect(decide(list)).toEqual(allowed)
  expect(decide(list, { account: 'ci' })).toEqual(outside)
})

test('decideAccess() lets a list of packages pass the root list, but no file of unknown package', () => {
  const list = [allowOnly({ packagePattern: 'torch' })]
  expect(decide(list, { kind: 'root', resource: '' })).toEqual(allowed)
  expect(decide(list, { kind: 'artifact', resource: '' })).toEqual(outside)
  expect(decide(list, { kind: 'other', resource: '' })).toEqual(outside)
})

test('decideAccess() knows an IPv6 caller by its /64 and takes the stricter reading', () => {
  const address = '2001:db8:1:2::/64'
  expect(decide([deny({ cidr: '2001:db8:1:2::7' })], { address })).toEqual(denied)
  expect(decide([deny({ cidr: '2001:db8:1:3::7' })], { address })).toEqual(allowed)
  expect(decide([allowOnly({ cidr: '2001:db8:1:2::7' })], { address })).toEqual(outside)
  expect(decide([allowOnly({ cidr: '2001:db8:1::/48' })], { address })).toEqual(allowed)
})
