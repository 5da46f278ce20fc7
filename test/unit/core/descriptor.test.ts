import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Descriptor, descriptorSubject } from '../../../src/core/descriptor.ts'

const of = (domain: string, ...pairs: readonly (readonly [string, string])[]): Descriptor => ({
  domain,
  entries: pairs.map(([key, value]) => ({ key, value })),
})

test.each([
  [of('a', ['b', 'c']), of('a_b', ['', 'c'])],
  [of('a', ['b', 'c']), of('ab', ['', 'c'])],
  [of('a', ['b_c', 'd']), of('a', ['b', 'c_d'])],
  [of('a', ['b', ''], ['', 'c']), of('a', ['b', ''], ['c', ''])],
  [of('a', ['1:b', '']), of('a', ['', '1:b'])],
])('descriptorSubject() keeps %j and %j apart', (left, right) => {
  expect(descriptorSubject(left).id).not.toBe(descriptorSubject(right).id)
})

test('descriptorSubject() is one subject for one descriptor, in a partition from 0 to 255', () => {
  const word = fc.string({ maxLength: 3 })
  const entries = fc.array(fc.record({ key: word, value: word }), { maxLength: 3 })
  const descriptor = fc.record({ domain: word, entries })
  fc.assert(
    fc.property(descriptor, descriptor, (one, two) => {
      const [left, right] = [descriptorSubject(one), descriptorSubject(two)]
      expect(left.partition).toBeGreaterThanOrEqual(0)
      expect(left.partition).toBeLessThan(256)
      expect(left.id === right.id).toBe(JSON.stringify(one) === JSON.stringify(two))
    }),
  )
})

test('descriptorSubject() refuses what is too long to be kept whole', () => {
  expect(() => descriptorSubject(of('a', ['b', 'c'.repeat(512)]))).toThrow('at most 512 characters')
})
