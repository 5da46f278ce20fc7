import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isShared, pathOf, sharedPathOf } from '../../../src/core/counted-path.ts'
import type { DescriptorRule, DescriptorStep } from '../../../src/core/descriptor-rule.ts'
import { counterOf, markOf, overrideMark, ownCounter } from '../../../src/core/hit-counter.ts'
import { per, rule } from '../check/rate-limit/harness.ts'

const digest = (text: string): string => createHash('sha256').update(text, 'utf16le').digest('base64url')
const idOf = (of: DescriptorRule, entries: readonly (readonly [string, string])[], domain = 'shop'): string =>
  counterOf(
    markOf(of),
    pathOf(
      domain,
      entries.map(([key, value]) => ({ key, value })),
    ),
    digest,
  ).id

const minute = rule(['ip'])

describe('a counter', () => {
  test('is named by what is counted: kind and period, domain and values, and not by the row, its name or its amount', () => {
    expect(idOf(minute, [['ip', '1']])).toBe('w1minute@|4:shop2:ip1:1')
    const renamed = rule(['ip'], { id: 'other', name: 'x', amount: per('minute', 99) })
    expect(idOf(renamed, [['ip', '1']])).toBe(idOf(minute, [['ip', '1']]))
  })

  test.each([
    ['another value', minute, [['ip', '2']], 'shop'],
    ['another domain', minute, [['ip', '1']], 'shop2'],
    ['another period', rule(['ip'], { amount: per('minute', 10, { units: 2 }) }), [['ip', '1']], 'shop'],
    ['a calendar', rule(['ip'], { amount: per('minute', 10, { timeZone: 'UTC' }) }), [['ip', '1']], 'shop'],
    ['a rate', rule(['ip'], { amount: { ...per('minute', 10), kind: 'rate', burst: 10 } }), [['ip', '1']], 'shop'],
    ['slots', rule(['ip'], { amount: { kind: 'concurrency', amount: 1, slotMs: 1 } }), [['ip', '1']], 'shop'],
  ] as const)('differs for %s', (...[, of, entries, domain]) => {
    expect(idOf(of, entries, domain)).not.toBe(idOf(minute, [['ip', '1']]))
  })

  test('of a limit that comes with the call is never that of a rule', () => {
    const path = pathOf('shop', [{ key: 'ip', value: '1' }])
    expect(counterOf(overrideMark({ unit: 'minute', units: 1 }), path, digest).id).toBe('o1minute@|4:shop2:ip1:1')
  })

  test('rates and slots of one path are told apart by name, and without one by row', () => {
    const rate = (id: string, name?: string) =>
      markOf(rule(['ip'], { id, ...(name && { name }), amount: { ...per('minute', 1), kind: 'rate', burst: 1 } }))
    expect(rate('a', 'x')).toBe(rate('b', 'x'))
    expect(rate('a')).not.toBe(rate('b'))
    expect(rate('a')).not.toBe(rate('a', 'x'))
  })

  test('no two descriptors share one, wherever their keys and values are cut', () => {
    const texts = fc.array(
      fc.string({ maxLength: 6, unit: fc.constantFrom('_', '1', ':', 'a', ' ', '\0', '|', '=') }),
      {
        minLength: 1,
        maxLength: 5,
      },
    )
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        const id = ([domain = '', ...parts]: readonly string[]): string =>
          idOf(
            minute,
            parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? ''] as const] : [])),
            domain,
          )
        const isSame = JSON.stringify(left) === JSON.stringify(right)
        // An odd number of parts ends with an empty value here.
        const padded = (list: readonly string[]) => JSON.stringify(list.length % 2 === 1 ? list : [...list, ''])
        expect(id(left) === id(right)).toBe(isSame || padded(left) === padded(right))
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['a long value', 'x'.repeat(1_000_000)],
    ['a space', 'a b'],
    ['a NUL', 'a\0b'],
    ['a line break', 'a\nb'],
    ['other scripts', 'Größe 大小'],
    ['half a pair of surrogates', 'a\ud800b'],
  ])('of %s is a short plain text', (_, value) => {
    const id = idOf(minute, [['ip', value]])
    expect(id).toMatch(/^#[\w-]{43}$/)
    expect(id).not.toBe(idOf(minute, [['ip', `${value}.`]]))
  })

  test('two halves of pairs are two values', () => {
    expect(idOf(minute, [['ip', '\ud800']])).not.toBe(idOf(minute, [['ip', '\ud801']]))
  })

  test('of a second limit on one counter is its own, beside it', () => {
    const first = counterOf(markOf(minute), pathOf('shop', [{ key: 'ip', value: '1' }]), digest)
    const own = ownCounter(first, 'trial', digest)
    expect(own).toEqual({ id: '+5:trialw1minute@|4:shop2:ip1:1', partition: first.partition })
  })
})

describe('values that count together', () => {
  const shared = (match: DescriptorStep['match']): DescriptorRule =>
    rule(['a=1', { key: 'path', match, sharesThreshold: true, valueToMetric: false }, 'user'])
  const entries = (path: string, user = 'ann') => [
    { key: 'a', value: '1' },
    { key: 'path', value: path },
    { key: 'user', value: user },
  ]

  test.each<DescriptorStep['match']>([
    { kind: 'wildcard', value: '/api/*' },
    { kind: 'regex', pattern: '/api/.*' },
    { kind: 'cidr', cidr: '10.0.0.0/8' },
    { kind: 'any' },
  ])('have the pattern in place of the value, other steps their own: %j', (match) => {
    const of = shared(match)
    expect(isShared(of)).toBe(true)
    expect(sharedPathOf(of, entries('/api/1'))).toEqual(sharedPathOf(of, entries('/api/2')))
    expect(sharedPathOf(of, entries('/api/1', 'bob')).text).not.toBe(sharedPathOf(of, entries('/api/1')).text)
    expect(sharedPathOf(of, entries('/api/1')).text).not.toBe(pathOf('shop', entries('/api/1')).text)
  })

  test('are not those of an exact value: there is only one', () => {
    expect(isShared(shared({ kind: 'exact', value: 'x' }))).toBe(false)
  })
})
