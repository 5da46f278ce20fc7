import { expect, test } from 'vitest'
import type { PriceRule } from '../../../src/core/price.ts'
import { priceOf } from '../../../src/core/price-of.ts'
import { comparePrices } from '../../../src/policy/price-rows.ts'

const rule = (id: string, match: Partial<PriceRule>): PriceRule => ({
  id,
  surface: 'pypi',
  baseMilli: 0,
  tiers: [],
  charged: 'by_size',
  assumedBytes: 0,
  ...match,
})
const matchesPattern = (pattern: string, text: string) => new RegExp(`^(?:${pattern})$`).test(text)
const rules = [
  rule('torch', { kind: 'artifact', packagePattern: 'torch.*' }),
  rule('artifact', { kind: 'artifact' }),
  rule('index', { kind: 'index' }),
  rule('pypi', {}),
  rule('gpu', { surface: 'gpu' }),
]

test.each([
  ['pypi', 'artifact', 'torchvision', 'torch'],
  ['pypi', 'artifact', 'pytorch', 'artifact'],
  ['pypi', 'artifact', '', 'artifact'],
  ['pypi', 'index', 'torch', 'index'],
  ['pypi', 'metadata', 'torch', 'pypi'],
  ['pypi', 'other', '', 'artifact'],
  ['gpu', 'call', '', 'gpu'],
] as const)('priceOf() a %s %s of %j takes the rule %s', (...[surface, kind, resource, id]) => {
  expect(priceOf(rules, { surface, kind, resource, heat: 'normal' }, matchesPattern).id).toBe(id)
})

test('priceOf() takes a rule of kind other for unknown paths when there is one', () => {
  const own = [...rules, rule('other', { kind: 'other' })].toSorted((left) => (left.id === 'other' ? -1 : 0))
  expect(priceOf(own, { surface: 'pypi', kind: 'other', resource: '', heat: 'normal' }, matchesPattern).id).toBe(
    'other',
  )
})

test.each([
  ['hot', 'torch', 'torch'],
  ['hot', 'numpy', 'hot-artifact'],
  ['normal', 'numpy', 'artifact'],
  ['rare', 'numpy', 'artifact'],
] as const)('priceOf() what is %s, of %s, takes the rule %s', (heat, resource, id) => {
  const sorted = [
    ...rules,
    rule('hot-artifact', { kind: 'artifact', heat: 'hot' }),
    rule('rare', { heat: 'rare' }),
  ].toSorted(comparePrices)
  expect(priceOf(sorted, { surface: 'pypi', kind: 'artifact', resource, heat }, matchesPattern).id).toBe(id)
  expect(sorted.toReversed().toSorted(comparePrices)).toEqual(sorted)
})

test('priceOf() charges one credit where no rule matches', () => {
  expect(priceOf([], { surface: 'gpu', kind: 'call', resource: '', heat: 'normal' }, matchesPattern)).toEqual({
    id: 'default',
    surface: 'gpu',
    baseMilli: 1_000,
    tiers: [],
    charged: 'by_size',
    assumedBytes: 0,
  })
  expect(priceOf([], { surface: 'pypi', kind: 'other', resource: '', heat: 'normal' }, matchesPattern).baseMilli).toBe(
    1_000,
  )
})
