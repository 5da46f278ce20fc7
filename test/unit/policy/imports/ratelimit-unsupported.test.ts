import { expect, test } from 'vitest'
import type { LimitRow } from '../../../../src/policy/import-ports.ts'
import { unsupportedReason } from '../../../../src/policy/imports/ratelimit-unsupported.ts'

const plain: LimitRow = {
  ...{ id: 'a', domain: 'shop', entries: [{ key: 'user', value: 'a*' }], position: 0, name: null },
  ...{ kind: 'window', amount: 10, unit: 'day', units: null, time_zone: null, burst: null, held_seconds: null },
  ...{ replaces: [], shadow: false, quota_mode: false, detailed_metric: false },
  ...{ charges_refused: null, posture: null, note: '' },
}

test('unsupportedReason() has nothing to say of what envoyproxy/ratelimit can have', () => {
  expect(unsupportedReason(plain)).toBeUndefined()
})

test.each<readonly [string, Partial<LimitRow>]>([
  ['it refills', { kind: 'rate' }],
  ['at one time', { kind: 'concurrency' }],
  ['calendar', { time_zone: 'UTC' }],
  ['several units', { units: 5 }],
  ['above 4294967295', { amount: 4_294_967_296 }],
  ['without being one', { kind: 'none', replaces: ['b'] }],
  ['a rid', { entries: [{ key: 'route' }, { key: 'rid' }] }],
  ['a regex', { entries: [{ key: 'a', regex: 'b' }] }],
  ['a network', { entries: [{ key: 'a', cidr: '10.0.0.0/8' }] }],
  ['an empty value', { entries: [{ key: 'a', value: '' }] }],
  ['not at the end of the value', { entries: [{ key: 'a', value: 'b*c' }] }],
  ['a key with * at the end', { entries: [{ key: 'a*' }] }],
])('unsupportedReason() says what is in the way: %s', (said, changes) => {
  expect(unsupportedReason({ ...plain, ...changes })).toContain(said)
})
