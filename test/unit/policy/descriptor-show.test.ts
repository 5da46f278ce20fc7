import { describe, expect, test } from 'vitest'
import { policyShow } from '../../../src/policy/policy-show.ts'
import { changedPolicy, domainRow, limitRow, matchedIds } from '../../support/descriptor-policy.ts'

const shown = (...rows: readonly ReturnType<typeof limitRow>[]) =>
  policyShow(
    changedPolicy([
      {
        table: 'descriptor_domain',
        rows: [domainRow('envoy'), domainRow('edge', { trusts_descriptors: true, surface: 'gpu' })],
      },
      { table: 'descriptor_limit', rows },
    ]),
  ).descriptors

describe('policyShow() of descriptors', () => {
  test('stands in the order in which they are matched, with the position that makes it so', () => {
    const rows = [
      limitRow('a', [{ key: 'path' }]),
      limitRow('b', [{ key: 'path', value: '/*' }], { position: 9 }),
      limitRow('c', [{ key: 'path', value: '/a/*' }], { position: -2 }),
      limitRow('d', [{ key: 'path', value: '/z' }]),
      limitRow('e', [{ key: 'path', value: '/*' }, { key: 'user' }], { position: -3 }),
      limitRow('f', [{ key: 'path', regex: '/q' }]),
      limitRow('g', [{ key: 'path', value: '/b' }]),
      limitRow('h', [{ key: 'path', value: '/b' }, { key: 'a' }]),
      limitRow('i', [{ key: 'path', value: '/b' }], { position: 5 }),
      limitRow('j', [{ key: 'host' }]),
      limitRow('k', [{ key: 'z' }], { domain: 'edge' }),
    ]
    expect(shown(...rows).map(({ id, position }) => `${id} ${position}`)).toEqual([
      ...['k 0', 'j 0', 'g 0', 'i 5', 'h 0', 'd 0', 'b 9', 'e -3', 'c -2', 'f 0', 'a 0'],
    ])
    const policy = changedPolicy([
      { table: 'descriptor_domain', rows: [domainRow('envoy')] },
      { table: 'descriptor_limit', rows },
    ])
    expect(matchedIds(policy.descriptorDomain('envoy'), 'path=/a/x')).toBe('b')
  })

  test('says which values metrics tell apart', () => {
    const lines = shown(
      limitRow('a', [{ key: 'user', value_to_metric: true }, { key: 'path' }, { key: 'b', value_to_metric: true }]),
      limitRow('b', [{ key: 'x' }], { detailed_metric: true }),
      limitRow('c', [{ key: 'y' }]),
    )
    expect(lines.map(({ told_in_metrics: told }) => told)).toEqual(['user, b', 'every value', ''])
  })

  test('says to whom alone a limit of concurrency gives slots', () => {
    const concurrency = { kind: 'concurrency', unit: null }
    const lines = shown(
      limitRow('a', [{ key: 'x' }], { ...concurrency, domain: 'edge' }),
      limitRow('b', [{ key: 'x' }], concurrency),
      limitRow('c', [{ key: 'x' }]),
    )
    expect(lines.map(({ remark }) => remark)).toEqual([
      'gives slots only to calls with rid or request_id, others pass',
      'gives slots only to calls with rid, others pass',
      '',
    ])
  })

  test('marks every limit that is not tried, also those that policy check only numbers', () => {
    const rows = Array.from({ length: 350 }, (_, nth) =>
      limitRow(`p${1_000 + nth}`, [{ key: 'k', value: `*v${nth}*` }]),
    )
    const marked = shown(...rows).filter(({ remark }) => String(remark).startsWith('not tried: '))
    expect(marked.map(({ id }) => id)).toEqual(rows.slice(100).map(({ id }) => id))
  })
})
