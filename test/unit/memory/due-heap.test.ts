import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DueHeap } from '../../../src/memory/due-heap.ts'

test('takeDue() answers what is due, soonest first, each once, and nothing before its time', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 50 })), fc.nat({ max: 60 }), (times, nowMs) => {
      const heap = new DueHeap()
      for (const [index, atMs] of times.entries()) heap.add(atMs, `${atMs} ${index}`)
      const taken: string[] = []
      for (let due = heap.takeDue(nowMs); due !== undefined; due = heap.takeDue(nowMs)) taken.push(due)
      const due = times.filter((atMs) => atMs <= nowMs).sort((left, right) => left - right)
      expect(taken.map((key) => Number(key.split(' ')[0]))).toEqual(due)
      expect(new Set(taken).size).toBe(taken.length)
    }),
  )
})

test('takeDue() goes on rightly when things are added in between', () => {
  const heap = new DueHeap()
  heap.add(5, 'five')
  heap.add(1, 'one')
  expect(heap.takeDue(9)).toBe('one')
  heap.add(3, 'three')
  expect([heap.takeDue(2), heap.takeDue(9), heap.takeDue(9), heap.takeDue(9)]).toEqual([
    undefined,
    'three',
    'five',
    undefined,
  ])
})
