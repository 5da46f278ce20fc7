import { describe, expect, test } from 'vitest'
import { matchDescriptor } from '../../../src/core/match-descriptor.ts'
import { faultsOf } from '../../../src/policy/snapshot.ts'
import {
  changedPolicy,
  type DescriptorChanges,
  domainRow,
  domainWith,
  limitRow,
  matchedIds,
} from '../../support/descriptor-policy.ts'

const limits = (...rows: readonly ReturnType<typeof limitRow>[]): DescriptorChanges => ({
  table: 'descriptor_limit',
  rows,
})
const domains = (...rows: readonly ReturnType<typeof domainRow>[]): DescriptorChanges => ({
  table: 'descriptor_domain',
  rows,
})
const user = (value: string) => [{ key: 'user', value }]

describe('indexDescriptors()', () => {
  test('makes anew only the domain that a change touches, and of it only what lies on the path', () => {
    const before = changedPolicy([
      domains(domainRow('envoy'), domainRow('other')),
      limits(
        limitRow('a', [{ key: 'a' }, { key: 'b' }]),
        limitRow('c', [{ key: 'c' }, { key: 'b' }]),
        limitRow('o', [{ key: 'a' }], { domain: 'other' }),
      ),
    ])
    const after = changedPolicy([limits(limitRow('c2', [{ key: 'c' }, { key: 'b' }]))], before)
    expect(after.descriptorDomain('other')).toBe(before.descriptorDomain('other'))
    const [old, now] = [before.descriptorDomain('envoy')?.root, after.descriptorDomain('envoy')?.root]
    expect(now?.keys.get('a')).toBe(old?.keys.get('a'))
    expect(now?.keys.get('c')).not.toBe(old?.keys.get('c'))
    expect(matchedIds(before.descriptorDomain('envoy'), 'c=1 b=1')).toBe('c')
    expect(matchedIds(after.descriptorDomain('envoy'), 'c=1 b=1')).toBe('c c2')
  })

  test('shares everything when other tables change', () => {
    const before = changedPolicy([domains(domainRow('envoy')), limits(limitRow('a', [{ key: 'a' }]))])
    expect(changedPolicy([], before).descriptorDomain('envoy')).toBe(before.descriptorDomain('envoy'))
  })

  test('takes the row of a domain that comes after its limits, and keeps nothing of what is gone', () => {
    const early = changedPolicy([limits(limitRow('a', user('x')))])
    expect(early.descriptorDomain('envoy')).toBeUndefined()
    const there = changedPolicy([domains(domainRow('envoy', { headers: 'none' }))], early)
    expect(matchedIds(there.descriptorDomain('envoy'), 'user=x')).toBe('a')
    const gone = changedPolicy([{ table: 'descriptor_limit', gone: ['a'] }], there)
    expect(gone.descriptorDomain('envoy')?.root.keys.size).toBe(0)
  })

  test('keeps thousands of values apart, also when half of them go again', () => {
    const rows = Array.from({ length: 3_000 }, (_, nth) => limitRow(`r${nth}`, user(`u${nth}`)))
    const all = changedPolicy([domains(domainRow('envoy')), limits(...rows)])
    const odd = rows.map(({ id }) => String(id)).filter((_, nth) => nth % 2 === 1)
    const half = changedPolicy([{ table: 'descriptor_limit', gone: odd }], all)
    const found = (nth: number) =>
      [all, half].map((policy) => matchedIds(policy.descriptorDomain('envoy'), `user=u${nth}`))
    for (let nth = 0; nth < 3_000; nth += 1) expect(found(nth)).toEqual([`r${nth}`, nth % 2 === 1 ? '' : `r${nth}`])
  })
})

describe('too many patterns of one key', () => {
  const many = (count: number, entryOf: (nth: number) => object, changed = {}) =>
    Array.from({ length: count }, (_, nth) => limitRow(`p${String(nth).padStart(4, '0')}`, [entryOf(nth)], changed))
  const wild = (nth: number) => ({ key: 'k', value: `*-v${nth}` })
  const reasons = ['descriptor_limit_is_behind_1000_patterns_or_100_that_search_of_its_key']

  test('are tried up to the bound, and the rest is told by name', () => {
    const policy = changedPolicy([domains(domainRow('envoy')), limits(...many(1_002, wild))])
    const domain = policy.descriptorDomain('envoy')
    expect(matchedIds(domain, 'k=x-v999')).toBe('p0999')
    expect(matchedIds(domain, 'k=x-v1000')).toBe('')
    expect(faultsOf(policy)).toEqual(
      ['p1000', 'p1001'].map((id) => ({ table: 'descriptor_limit', id, reasons, inForce: 'nothing' })),
    )
    const less = changedPolicy([{ table: 'descriptor_limit', gone: ['p0000', 'p0001'] }], policy)
    expect(faultsOf(less)).toEqual([])
    expect(matchedIds(less.descriptorDomain('envoy'), 'k=x-v1001')).toBe('p1001')
  })

  test('are no bound for those that only say how a value begins', () => {
    const prefix = (nth: number) => ({ key: 'k', value: `v${nth}-*` })
    const policy = changedPolicy([domains(domainRow('envoy')), limits(...many(5_000, prefix))])
    expect(faultsOf(policy)).toEqual([])
    const domain = policy.descriptorDomain('envoy')
    for (const nth of [0, 999, 1_000, 4_999])
      expect(matchedIds(domain, `k=v${nth}-x`)).toBe(`p${String(nth).padStart(4, '0')}`)
    expect(matchedIds(domain, 'k=v5000-x')).toBe('')
    const less = changedPolicy([{ table: 'descriptor_limit', gone: ['p1000'] }], policy)
    expect(matchedIds(less.descriptorDomain('envoy'), 'k=v1000-x')).toBe('')
    expect(matchedIds(less.descriptorDomain('envoy'), 'k=v1001-x')).toBe('p1001')
  })

  test('of posture deny refuse whatever no other pattern takes', () => {
    const tail = { table: 'descriptor_limit', rows: [limitRow('any', [{ key: 'k' }])] } as const
    const policy = changedPolicy([domains(domainRow('envoy')), limits(...many(1_001, wild, { posture: 'deny' })), tail])
    const domain = policy.descriptorDomain('envoy')
    const refused = domain && matchDescriptor(domain, [{ key: 'k', value: 'whatever' }])
    expect(refused).toMatchObject([{ id: 'p1000', amount: { kind: 'window', amount: 0 }, isFaulty: true }])
    expect(matchedIds(domain, 'k=x-v0')).toBe('p0000')
    expect(faultsOf(policy)).toMatchObject([{ id: 'p1000', inForce: 'denies' }])
  })

  test('that are only numbered when they are very many', () => {
    const regex = (nth: number) => ({ key: 'k', regex: `v${nth}-.*` })
    const policy = changedPolicy([domains(domainRow('envoy')), limits(...many(350, regex))])
    const faults = faultsOf(policy)
    expect(faults.length).toBe(101)
    expect(faults[0]?.id).toBe('p0100')
    expect(faults.at(-1)).toMatchObject({ id: '*', rows: 150, reasons: [...reasons, 'so are 150 more rows'] })
    // What looks at the beginning or the end alone still has its place; what searches has none.
    const searching = changedPolicy([limits(limitRow('y', [{ key: 'k', value: '*w*' }]))], policy)
    expect(matchedIds(searching.descriptorDomain('envoy'), 'k=wx')).toBe('')
    const more = changedPolicy([limits(limitRow('z', [{ key: 'k', value: '*x' }]))], policy)
    expect(matchedIds(more.descriptorDomain('envoy'), 'k=wx')).toBe('z')
  })
})

describe('a row that is not valid', () => {
  const broken = (changed = {}) => limitRow('b', [{ key: 'user', regex: '(' }, { key: 'path' }], changed)
  const reasons = ['descriptor_limit_regex_is_re2', 'entries: "(" of the key "user" is no RE2: missing closing ): `(`']

  test('leaves its last good version in force', () => {
    const good = changedPolicy([domains(domainRow('envoy')), limits(limitRow('b', user('x'), { posture: 'deny' }))])
    const policy = changedPolicy([limits(broken({ posture: 'deny' }))], good)
    expect(matchedIds(policy.descriptorDomain('envoy'), 'user=x')).toBe('b')
    expect(faultsOf(policy)).toEqual([{ table: 'descriptor_limit', id: 'b', reasons, inForce: 'last good version' }])
  })

  test.each([
    { says: 'denies by its own posture', row: { posture: 'deny' }, inForce: 'denies' },
    { says: 'denies as its domain does', posture: 'deny', inForce: 'denies' },
    { says: 'denies not where its domain does not', denies: false },
    { says: 'denies not against its own posture', posture: 'deny', row: { posture: 'allow' }, denies: false },
    { says: 'denies not in shadow', posture: 'deny', row: { posture: 'deny', shadow: true }, denies: false },
    { says: 'denies not where it only tells', posture: 'deny', row: { quota_mode: true }, denies: false },
  ])('$says', ({ posture = 'allow', row = {}, denies = true, inForce = 'nothing' }) => {
    const policy = changedPolicy([domains(domainRow('envoy', { posture })), limits(broken(row))])
    const domain = policy.descriptorDomain('envoy')
    const entries = [
      { key: 'user', value: 'anyone' },
      { key: 'path', value: '/' },
    ]
    const amounts = domain && matchDescriptor(domain, entries)?.map(({ amount }) => amount)
    expect(amounts).toEqual(denies ? [{ kind: 'window', amount: 0, period: { unit: 'day', units: 1 } }] : undefined)
    expect(faultsOf(policy)).toEqual([{ table: 'descriptor_limit', id: 'b', reasons, inForce }])
  })

  test.each([
    ['(a|b', '"(a|b" of the key "k" is no RE2: missing closing ): `(a|b`'],
    ['a(?=b)', '"a(?=b)" of the key "k" is no RE2: invalid or unsupported Perl syntax: `(?=`'],
    ['[\u0007', '"[?" of the key "k" is no RE2: missing closing ]: `[?`'],
  ])('says what is wrong with %j', (regex, said) => {
    const policy = changedPolicy([domains(domainRow('envoy')), limits(limitRow('b', [{ key: 'k', regex }]))])
    expect(faultsOf(policy)[0]?.reasons).toEqual(['descriptor_limit_regex_is_re2', `entries: ${said}`])
  })

  test('says which network is none, and nothing at length', () => {
    const rows = [
      limitRow('b', [{ key: 'k', cidr: '10.0.0.0/33' }]),
      limitRow('c', [{ key: 'k', regex: '('.repeat(500) }]),
    ]
    const [network, long] = faultsOf(changedPolicy([domains(domainRow('envoy')), limits(...rows)]))
    expect(network?.reasons).toEqual([
      'descriptor_limit_cidr_is_a_network',
      'entries: "10.0.0.0/33" of the key "k" is no network',
    ])
    expect(long?.reasons.join().length).toBeLessThan(400)
  })

  test('begins and ends to deny with its domain', () => {
    const found = (policy: ReturnType<typeof changedPolicy>) =>
      matchedIds(policy.descriptorDomain('envoy'), 'user=x path=/')
    const first = changedPolicy([domains(domainRow('envoy')), limits(broken())])
    expect(found(first)).toBe('')
    const denying = changedPolicy([domains(domainRow('envoy', { posture: 'deny' }))], first)
    expect(found(denying)).toBe('b')
    expect(found(changedPolicy([domains(domainRow('envoy'))], denying))).toBe('')
    expect(found(changedPolicy([{ table: 'descriptor_limit', gone: ['b'] }], denying))).toBe('')
  })

  test('begins to deny with its domain also when the table is held', () => {
    const first = changedPolicy([domains(domainRow('envoy')), limits(broken())])
    const held = changedPolicy([{ table: 'descriptor_limit', gone: ['b'], isAccident: true }], first)
    const stillHeld = { table: 'descriptor_limit', isAccident: true } as const
    const denying = changedPolicy([domains(domainRow('envoy', { posture: 'deny' })), stillHeld], held)
    expect(matchedIds(denying.descriptorDomain('envoy'), 'user=x path=/')).toBe('b')
  })

  test('of which not even the keys can be read is left out', () => {
    for (const entries of [null, 'x', [], [{ value: 'x' }], [{ key: 'a' }, null]]) {
      const policy = changedPolicy([domains(domainRow('envoy')), limits(limitRow('b', entries, { posture: 'deny' }))])
      expect(policy.descriptorDomain('envoy')?.root.keys.size).toBe(0)
      expect(faultsOf(policy)).toEqual([
        { table: 'descriptor_limit', id: 'b', reasons: ['descriptor_limit_entries_are_a_path'], inForce: 'nothing' },
      ])
    }
  })

  test('of a domain stands for what can be read of it, trusts nobody, and its limits go on', () => {
    const row = domainRow('envoy', { counting: 'some', quota_mode: true, trusts_descriptors: true, surface: 'gpu' })
    const policy = changedPolicy([domains(row), limits(limitRow('a', user('x')))])
    expect(policy.descriptorDomain('envoy')?.rule).toMatchObject({
      ...{ counting: 'all_or_nothing', quotaMode: true, trustsDescriptors: false, posture: 'allow' },
    })
    expect(matchedIds(policy.descriptorDomain('envoy'), 'user=x')).toBe('a')
    expect(faultsOf(policy)).toMatchObject([{ id: 'envoy', inForce: 'what can be read of it' }])
  })
})

test('a pattern whose first rule goes takes the place of the next', () => {
  const [early, late] = [{ position: 0 }, { position: 9 }]
  const pattern = (id: string, value: string, changed: { readonly position: number }) =>
    limitRow(id, [{ key: 'k', value }], changed)
  const before = changedPolicy([
    domains(domainRow('envoy')),
    limits(pattern('a', 'x*', early), pattern('b', 'x*', late), pattern('c', '*', { position: 5 })),
  ])
  expect(matchedIds(before.descriptorDomain('envoy'), 'k=xx')).toBe('a b')
  const gone = changedPolicy([{ table: 'descriptor_limit', gone: ['a'] }], before)
  expect(matchedIds(gone.descriptorDomain('envoy'), 'k=xx')).toBe('c')
  const moved = changedPolicy([limits(pattern('a', 'x*', { position: 8 }))], before)
  expect(matchedIds(moved.descriptorDomain('envoy'), 'k=xx')).toBe('c')
  const back = changedPolicy([limits(pattern('b', 'x*', { position: 4 }))], moved)
  expect(matchedIds(back.descriptorDomain('envoy'), 'k=xx')).toBe('a b')
})

test('every pattern is made once: two rules of one pattern share its place', () => {
  const domain = domainWith({ a: [{ key: 'k', regex: 'x+' }], b: [{ key: 'k', regex: 'x+' }, { key: 'l' }] })
  expect(domain.root.keys.get('k')?.patterns).toMatchObject({ size: 1 })
})
