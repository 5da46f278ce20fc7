import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SlotShelf } from '../../../src/memory/slot-shelf.ts'
import { slotLine } from '../../support/hit-harness.ts'

const change = fc.oneof(
  fc.record({
    do: fc.constant('hold' as const),
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    endsAtMs: fc.nat({ max: 9 }),
  }),
  fc.record({ do: fc.constant('free' as const), id: fc.constantFrom('a', 'b', 'c', 'd') }),
  fc.record({ do: fc.constant('forget' as const), atMs: fc.nat({ max: 4 }) }),
)

test('a shelf sees what a plain list of ends would', () => {
  fc.assert(
    fc.property(fc.array(change), fc.integer({ min: 4, max: 10 }), fc.nat({ max: 3 }), (changes, nowMs, amount) => {
      const shelf = new SlotShelf()
      const ends = new Map<string, number>()
      for (const one of changes) {
        if (one.do === 'hold') {
          shelf.hold(one.id, one.endsAtMs)
          ends.set(one.id, one.endsAtMs)
        } else if (one.do === 'free') {
          shelf.free(one.id)
          ends.delete(one.id)
        } else {
          shelf.forget(one.atMs)
          for (const [id, end] of ends) if (end <= one.atMs) ends.delete(id)
        }
        expect(shelf.size).toBe(ends.size)
      }
      const held = [...ends.values()].filter((end) => end > nowMs).sort((left, right) => left - right)
      const own = ends.get('a') ?? 0
      expect(shelf.sight(slotLine({ amount }), nowMs, 'a')).toEqual({
        held: held.length,
        ownEndsAtMs: own > nowMs ? own : 0,
        lastEndsAtMs: held.at(-1) ?? 0,
        roomAtMs: held.length < amount ? undefined : held[held.length - amount],
      })
    }),
  )
})
