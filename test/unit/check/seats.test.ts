import { expect, test } from 'vitest'
import { createSeats } from '../../../src/check/seats.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'

function counting(): { observer: Observer; counted: string[] } {
  const counted: string[] = []
  const count: Observer['count'] = (metric, labels = {}) => void counted.push([metric, ...Object.values(labels)].join())
  return { observer: { ...silentObserver, count }, counted }
}

test('take() gives an account so many seats and another account its own', () => {
  const { observer, counted } = counting()
  const seats = createSeats({ perAccountMax: 2, processMax: 10, observer })
  expect([seats.take('a'), seats.take('a'), seats.take('b')]).not.toContain(undefined)
  expect(seats.take('a')).toBeUndefined()
  expect(counted).toEqual(['holds_refused_total,account'])
})

test('take() gives so many seats in all', () => {
  const { observer, counted } = counting()
  const seats = createSeats({ perAccountMax: 2, processMax: 3, observer })
  for (const account of ['a', 'b', 'c']) expect(seats.take(account)).toBeDefined()
  expect(seats.take('d')).toBeUndefined()
  expect(counted).toEqual(['holds_refused_total,process'])
})

test('a seat that is given back twice is given back once', () => {
  const seats = createSeats({ perAccountMax: 1, processMax: 2, observer: silentObserver })
  const first = seats.take('a')
  first?.[Symbol.dispose]()
  const second = seats.take('a')
  first?.[Symbol.dispose]()
  expect(second).toBeDefined()
  expect(seats.take('a')).toBeUndefined()
})

test('0 seats keep nobody waiting', () => {
  expect(createSeats({ perAccountMax: 0, processMax: 9, observer: silentObserver }).take('a')).toBeUndefined()
})
