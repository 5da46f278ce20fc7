import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Bag } from '../../../src/core/bag.ts'

test('a bag holds what a set would, small and large', () => {
  const step = fc.record({ isAdded: fc.boolean(), item: fc.nat(60) })
  fc.assert(
    fc.property(fc.nat(60), fc.array(step, { maxLength: 100 }), (filled, steps) => {
      const [bag, set] = [new Bag<number>(), new Set<number>()]
      const first = Array.from({ length: filled }, (_, item) => ({ isAdded: true, item }))
      for (const { isAdded, item } of [...first, ...steps]) {
        if (isAdded) expect(bag.add(item)).toBe(!set.has(item))
        if (isAdded) set.add(item)
        else expect(bag.delete(item)).toBe(set.delete(item))
        expect(bag.size).toBe(set.size)
      }
      expect([...bag].sort()).toEqual([...set].sort())
    }),
  )
})
