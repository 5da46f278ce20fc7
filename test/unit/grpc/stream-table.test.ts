import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StreamTable } from '../../../src/grpc/stream-table.ts'

/** Ids as a connection has them: odd, rising, some of them of streams that are gone. */
const steps = fc.array(fc.record({ skip: fc.integer({ min: 0, max: 3 }), leaves: fc.nat() }), { maxLength: 400 })

test('StreamTable says what a Map says, however streams come and go', () => {
  fc.assert(
    fc.property(steps, fc.constantFrom(2, 4, 16), (history, slots) => {
      const table = new StreamTable<string>(slots)
      const map = new Map<number, string>()
      let id = 1
      for (const { skip, leaves } of history) {
        id += 2 + 2 * skip
        table.set(id, `stream ${id}`)
        map.set(id, `stream ${id}`)
        // Up to two thirds of the time one leaves, so the table fills, empties and grows.
        const gone = leaves % 3 === 0 ? undefined : [...map.keys()][leaves % map.size]
        if (gone !== undefined) expect(table.delete(gone)).toBe(map.delete(gone))
        expect(table.size).toBe(map.size)
      }
      for (let asked = 1; asked <= id + 2; asked += 2) expect(table.get(asked)).toBe(map.get(asked))
      const seen = new Map<number, string>()
      table.forEach((stream, at) => void seen.set(at, stream))
      expect([...seen].sort(([a], [b]) => a - b)).toEqual([...map].sort(([a], [b]) => a - b))
    }),
  )
})

test('StreamTable replaces the stream of an id, and says whether there was one to delete', () => {
  const table = new StreamTable<string>(4)
  table.set(1, 'first').set(1, 'second')
  expect(table.size).toBe(1)
  expect(table.get(1)).toBe('second')
  expect(table.delete(3)).toBe(false)
  expect(table.delete(1)).toBe(true)
  expect(table.delete(1)).toBe(false)
  expect(table.size).toBe(0)
})

test('StreamTable.forEach() visits those that were there though the visitor takes them out', () => {
  const table = new StreamTable<string>(4)
  for (const id of [1, 3, 5, 7, 9]) table.set(id, `stream ${id}`)
  const seen: number[] = []
  table.forEach((_, id) => {
    seen.push(id)
    table.delete(id)
  })
  expect(seen.sort((a, b) => a - b)).toEqual([1, 3, 5, 7, 9])
  expect(table.size).toBe(0)
})
