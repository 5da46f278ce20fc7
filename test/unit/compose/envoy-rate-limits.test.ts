import { describe, expect, test } from 'vitest'
import { askedRateLimits } from '../../../src/compose/envoy-rate-limits.ts'
import type { DescriptorAmount, DescriptorRule, ValueMatch } from '../../../src/core/descriptor-rule.ts'

const daily: DescriptorAmount = { kind: 'window', amount: 3, period: { unit: 'day', units: 1 } }
const slots: DescriptorAmount = { kind: 'concurrency', amount: 2, slotMs: 1_000 }
const ticket = {
  metadata: {
    descriptor_key: 'rid',
    metadata_key: { key: 'envoy.filters.http.ext_authz', path: [{ key: 'ticket' }] },
    source: 'DYNAMIC',
  },
}
const fixed = (value: string) => ({ generic_key: { descriptor_value: value } })

/** `user`, `user=ann`, `path~/a.*`: a path as a word for each entry. */
function ruleOf(path: string, amount: DescriptorAmount = daily): DescriptorRule {
  const steps = path.split(', ').map((word) => {
    const [, key = '', sign, value = ''] = /^(\w+)(?:([=~])(.*))?$/.exec(word) ?? []
    return { key, match: matchOf(sign, value), sharesThreshold: false, valueToMetric: false }
  })
  return {
    ...{ id: path, domain: 'shop', steps, position: 0, replaces: [], shadow: false, quotaMode: false },
    ...{ detailedMetric: false, amount },
  }
}

function matchOf(sign: string | undefined, value: string): ValueMatch {
  if (sign === undefined) return { kind: 'any' }
  return sign === '=' ? { kind: 'exact', value } : { kind: 'regex', pattern: value }
}

const asked = (rules: readonly DescriptorRule[], headers: Readonly<Record<string, string>> = {}) =>
  askedRateLimits('shop', rules, new Map(Object.entries(headers)))

describe('askedRateLimits()', () => {
  test('asks about what Envoy makes of each request by itself, once, in the order of entries', () => {
    const rules = ['remote_address', 'remote_address=192.0.2.1', 'destination_cluster, rid', 'rid', 'source_cluster']
    expect(asked(rules.map((path) => ruleOf(path)))).toEqual({
      rateLimits: [
        { actions: [{ remote_address: {} }] },
        { actions: [{ destination_cluster: {} }, ticket] },
        { actions: [{ source_cluster: {} }] },
      ],
      notes: [],
    })
  })

  test('says when the stream is over only where a slot is held by it', () => {
    const { rateLimits } = asked([ruleOf('remote_address, rid', slots), ruleOf('remote_address', slots)])
    const address = { remote_address: {} }
    expect(rateLimits).toEqual([
      { actions: [address, ticket] },
      {
        actions: [{ generic_key: { descriptor_key: 'stream_done', descriptor_value: 'yes' } }, address, ticket],
        apply_on_stream_done: true,
      },
      { actions: [address] },
    ])
  })

  test('names the limits whose entries Envoy cannot know, and asks about none of them', () => {
    const { rateLimits, notes } = asked(
      ['remote_address, user', 'user', 'user=ann', 'route=login'].map((path) => ruleOf(path)),
    )
    expect(rateLimits).toEqual([])
    expect(notes).toEqual([
      expect.stringContaining('none of these limits of shop: remote_address, user; user; user=ann. To be asked, name'),
      expect.stringContaining('Envoy cannot know route by itself'),
    ])
  })

  test('takes an entry from the header that is named, and says whose word that is', () => {
    const rules = ['user, remote_address', 'path~/api/.*', 'team'].map((path) => ruleOf(path))
    const { rateLimits, notes } = asked(rules, { user: 'x-tollgate-account', path: ':path', team: 'x-team' })
    expect(rateLimits).toEqual([
      {
        actions: [
          { request_headers: { descriptor_key: 'user', header_name: 'x-tollgate-account' } },
          { remote_address: {} },
        ],
      },
      { actions: [{ request_headers: { descriptor_key: 'path', header_name: ':path' } }] },
      { actions: [{ request_headers: { descriptor_key: 'team', header_name: 'x-team' } }] },
    ])
    expect(notes).toEqual([
      expect.stringContaining('Clients can write x-team as they like, and with it the entry team'),
    ])
  })

  test('gives every request the one generic_key that there is, and says so', () => {
    const { rateLimits, notes } = asked([ruleOf('generic_key=all, remote_address'), ruleOf('generic_key=all')])
    expect(rateLimits).toEqual([{ actions: [fixed('all'), { remote_address: {} }] }, { actions: [fixed('all')] }])
    expect(notes).toEqual([expect.stringContaining('Every request is asked about as generic_key=all')])
  })

  test.each([
    ['several', ['generic_key=slow', 'generic_key=fast']],
    ['a pattern', ['generic_key=slow', 'generic_key~s.*']],
    ['no text', ['generic_key=']],
  ])('leaves generic_key to the routes where there is %s', (_, paths) => {
    const { rateLimits, notes } = asked(paths.map((path) => ruleOf(path)))
    expect(rateLimits).toEqual([])
    expect(notes).toHaveLength(1)
  })

  test('leaves out what has no limit', () => {
    expect(asked([ruleOf('remote_address', { kind: 'none' })]).rateLimits).toEqual([])
    expect(asked([ruleOf('remote_address', { kind: 'unlimited' })]).rateLimits).toHaveLength(1)
  })

  test('tells little of many', () => {
    const { notes } = asked(Array.from({ length: 50 }, (_, nth) => ruleOf(`key${nth}`)))
    expect(notes).toHaveLength(21)
    expect(notes.at(-1)).toBe('30 more entries are not known to Envoy either')
    const values = Array.from({ length: 50 }, (_, nth) => ruleOf(`user=${nth}`))
    expect(asked(values).notes).toEqual([
      expect.stringContaining('user=0; user=1; user=2; user=3; user=4 and 45 more.'),
    ])
  })

  test('refuses headers of strange entries, of tickets, and more descriptors than a call may have', () => {
    expect(() => asked([ruleOf('user')], { usr: 'x-user' })).toThrow('No limit of the domain shop has an entry usr')
    expect(() => asked([ruleOf('rid')], { rid: 'x-rid' })).toThrow('The entry rid is the ticket')
    const keys = Array.from({ length: 100 }, (_, nth) => `key${nth}`)
    const headers = Object.fromEntries(keys.map((key) => [key, 'x-key']))
    const rules = keys.map((path) => ruleOf(path))
    expect(() => asked(rules, headers)).toThrow('101 different lists of entries, and a call has at most 100')
    const { key0: _, ...fewer } = headers
    expect(asked(rules.slice(1), fewer).rateLimits).toHaveLength(99)
  })
})
