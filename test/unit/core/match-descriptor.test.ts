import { describe, expect, test } from 'vitest'
import { matchDescriptor } from '../../../src/core/match-descriptor.ts'
import { domainOf, domainRow, domainWith, limitRow, matchedIds } from '../../support/descriptor-policy.ts'

describe('matchDescriptor() finds', () => {
  const domain = domainWith({
    'any-user': [{ key: 'user' }],
    bob: [{ key: 'user', value: 'bob' }],
    'bob-nowhere': [{ key: 'user', value: 'bob' }, { key: 'path' }],
    'bob-home': [
      { key: 'user', value: 'bob' },
      { key: 'path', value: '/' },
    ],
    'any-any': [{ key: 'user' }, { key: 'path' }],
    'any-deep': [{ key: 'user' }, { key: 'user' }, { key: 'user' }],
    none: [{ key: 'user', value: '' }],
  })

  test.each([
    ['a key alone, whatever the value', 'user=ann', 'any-user'],
    ['the exact value before the key alone', 'user=bob', 'bob'],
    ['values by every letter of them', 'user=Bob', 'any-user'],
    ['nothing for a key that no rule has', 'client=bob', ''],
    ['nothing without entries', '', ''],
    ['only rules of just this depth', 'user=bob path=/ method=GET', ''],
    ['entries in their order', 'path=/ user=bob', ''],
    ['the exact value at every depth', 'user=bob path=/', 'bob-home'],
    ['a key alone under an exact value', 'user=bob path=/x', 'bob-nowhere'],
    ['a key alone under a key alone', 'user=ann path=/', 'any-any'],
    ['one key at several depths', 'user=ann user=bob user=eve', 'any-deep'],
    ['nothing where a path only begins', 'user=ann user=bob', ''],
    ['nothing under an exact value that the key alone would have had', 'user=bob user=a user=b', ''],
    ['the empty value as a value of its own', 'user=', 'none'],
  ])('%s', (_promise, descriptor, ids) => {
    expect(matchedIds(domain, descriptor)).toBe(ids)
  })
})

describe('patterns', () => {
  const domain = domainWith({
    'a-api': [{ key: 'path', value: '/api/*' }],
    'b-users': [{ key: 'path', value: '/*/users/*/x' }],
    'c-exact': [{ key: 'path', value: '/api/plain' }],
    'd-any': [{ key: 'path' }],
    'e-regex': [{ key: 'path', regex: '/v[0-9]+' }],
    'f-net': [{ key: 'address', cidr: '10.0.0.0/8' }],
    'g-net': [{ key: 'address', cidr: '10.1.0.0/16' }],
    'h-v6': [{ key: 'address', cidr: '2001:db8::/32' }],
    'i-star': [{ key: 'star', value: '*' }],
    'j-deep': [{ key: 'star', value: 'a*' }, { key: 'path' }],
  })

  test.each([
    ['goes behind an exact value', 'path=/api/plain', 'c-exact'],
    ['goes before the key alone', 'path=/api/other', 'a-api'],
    ['may have nothing where the star is', 'path=/api/', 'a-api'],
    ['matches the whole value', 'path=x/api/other', 'd-any'],
    ['takes several stars in their order', 'path=/web/users/5/x', 'b-users'],
    ['does not take them out of order', 'path=/web/5/users/x', 'd-any'],
    ['does not use a letter twice', 'path=/users/x', 'd-any'],
    ['of RE2 matches the whole value', 'path=/v12', 'e-regex'],
    ['of RE2 does not match a part', 'path=/v12/x', 'd-any'],
    ['of addresses takes those inside', 'address=10.200.3.4', 'f-net'],
    ['that comes first is the one, not the narrowest', 'address=10.1.0.1', 'f-net'],
    ['of IPv4 takes IPv4 inside IPv6', 'address=::ffff:10.1.0.1', 'f-net'],
    ['of IPv6 takes any spelling', 'address=2001:0DB8:0::1', 'h-v6'],
    ['of addresses takes no names', 'address=localhost', ''],
    ['of a star alone takes the empty value too', 'star=', 'i-star'],
    ['of a star alone takes what no other takes', 'star=b', 'i-star'],
    ['that goes before is gone into, and nothing goes back', 'star=ab', 'i-star'],
  ])('a pattern %s', (_promise, descriptor, ids) => {
    expect(matchedIds(domain, descriptor)).toBe(ids)
  })

  test('are tried by position, then by id', () => {
    const row = (id: string, value: string, position: number) => limitRow(id, [{ key: 'k', value }], { position })
    const domain = (rows: readonly ReturnType<typeof row>[]) =>
      domainOf([
        { table: 'descriptor_domain', rows: [domainRow('envoy')] },
        { table: 'descriptor_limit', rows },
      ])
    expect(matchedIds(domain([row('a', 'x*', 0), row('b', '*', 0)]), 'k=xx')).toBe('a')
    expect(matchedIds(domain([row('b', 'x*', 0), row('a', '*', 0)]), 'k=xx')).toBe('a')
    expect(matchedIds(domain([row('a', 'x*', 0), row('b', '*', -1)]), 'k=xx')).toBe('b')
    // All of one pattern go where the first of them goes.
    expect(matchedIds(domain([row('a', 'x*', 5), row('b', '*', 3), row('c', 'x*', 2)]), 'k=xx')).toBe('a c')
  })
})

test('several rows of one path all apply, by id', () => {
  const path = [{ key: 'user' }, { key: 'path', value: '/a*' }]
  const domain = domainWith({ second: path, day: path, 'a-third': path })
  expect(matchedIds(domain, 'user=x path=/abc')).toBe('a-third day second')
})

test('keys and values that could be mistaken for others are told apart', () => {
  const domain = domainWith({
    one: [{ key: 'a_b', value: 'c' }],
    two: [{ key: 'a', value: 'b_c' }],
    three: [{ key: 'a', value: 'b|c' }, { key: 'd' }],
    four: [{ key: 'a', value: 'b' }, { key: 'c|d' }],
    five: [{ key: 'constructor', value: '__proto__' }],
  })
  expect(matchedIds(domain, 'a_b=c')).toBe('one')
  expect(matchedIds(domain, 'a=b_c')).toBe('two')
  expect(matchedIds(domain, 'a=b|c d=')).toBe('three')
  expect(matchedIds(domain, 'a=b c|d=')).toBe('four')
  expect(matchedIds(domain, 'constructor=__proto__')).toBe('five')
  for (const name of ['__proto__', 'constructor', 'toString']) expect(matchedIds(domain, `${name}=x`)).toBe('')
})

test('hostile values get an answer: a megabyte, NUL, half letters, thousands of entries', () => {
  const domain = domainWith({
    wild: [{ key: 'k', value: '*a*a*a*a*b*' }],
    tail: [{ key: 'k', value: `*${'a'.repeat(400)}c*` }],
    regex: [{ key: 'r', regex: '(a*)*(b|[^b])*c' }],
    any: [{ key: 'k' }],
  })
  const of = (key: string, value: string) => matchDescriptor(domain, [{ key, value }])?.map(({ id }) => id)
  const megabyte = 'a'.repeat(1_000_000)
  expect(of('k', megabyte)).toEqual(['any'])
  expect(of('k', `${megabyte}b`)).toEqual(['wild'])
  expect(of('k', `${megabyte}c`)).toEqual(['tail'])
  expect(of('r', 'a'.repeat(65_535))).toBeUndefined()
  expect(of('r', `${'a'.repeat(65_535)}c`)).toEqual(['regex'])
  expect(of('r', `${megabyte}c`)).toBeUndefined()
  expect(of('k', '\u0000')).toEqual(['any'])
  expect(of('k', 'aaaa\u0000b\ud800')).toEqual(['wild'])
  const thousands = Array.from({ length: 5_000 }, () => ({ key: 'k', value: 'x' }))
  expect(matchDescriptor(domain, thousands)).toBeUndefined()
})
