import { expect, test } from 'vitest'
import { LiveSegments, type Need } from '../../../src/files/live-segments.ts'

const need = (): Need => ({ segment: undefined, isOver: false })

test('a segment is kept while anything in it, or in one before it, is needed', () => {
  const live = new LiveSegments()
  const [first, third] = [need(), need()]
  live.written(first, 1)
  live.written(third, 3)
  expect(live.unneeded([1, 2, 3])).toEqual([])
  live.over(first)
  expect(live.unneeded([1, 2, 3])).toEqual([1, 2])
  live.over(third)
  expect(live.unneeded([1, 2, 3])).toEqual([1, 2, 3])
})

test('a need that is over before it is written keeps nothing, and ends once however often it is told', () => {
  const live = new LiveSegments()
  const [early, other] = [need(), need()]
  live.over(early)
  live.written(early, 1)
  expect(live.unneeded([1])).toEqual([1])
  live.written(other, 1)
  live.over(early)
  expect(live.unneeded([1])).toEqual([])
})
