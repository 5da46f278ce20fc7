import { expect, test } from 'vitest'
import { Recent } from '../../../src/policy/recent.ts'

const keys = Array.from({ length: 10 }, (_, nth) => `k${nth}`)

test('the last ones used are kept, those longest unused are not', () => {
  const recent = new Recent<string>(3)
  for (const key of keys) {
    recent.set(key, `${key} is`)
    expect(recent.get('k0')).toBe('k0 is')
  }
  const kept = keys.filter((key) => recent.get(key) !== undefined)
  expect(kept).toContain('k0')
  expect(kept).toEqual(expect.arrayContaining(keys.slice(-2)))
  expect(kept.length).toBeLessThanOrEqual(6)
})

test('a value that is set again is the new one, wherever the first was', () => {
  const recent = new Recent<string>(2)
  for (const key of ['a', 'b', 'c']) recent.set(key, 'first')
  recent.set('a', 'second')
  expect(recent.get('a')).toBe('second')
  recent.set('d', 'first')
  recent.set('e', 'first')
  expect(recent.get('a')).not.toBe('first')
})
