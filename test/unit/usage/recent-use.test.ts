import { describe, expect, test } from 'vitest'
import type { BookedCounter } from '../../../src/usage/ports.ts'
import { createRecentUse } from '../../../src/usage/recent-use.ts'

const minuteMs = 60_000
const dayMs = 1_440 * minuteMs
const counter = (used: number, id = 'alice', startMs = dayMs): BookedCounter => ({
  ...{ subject: { kind: 'account', id }, surface: 'any', quantity: 'credits', window: 'day', timeZone: 'UTC' },
  ...{ startMs, endMs: startMs + dayMs, used },
})
/** Into the day, on the clock of it. */
const at = (minutes: number): number => dayMs + minutes * minuteMs

describe('createRecentUse()', () => {
  test('answers what a counter stood at 20 to 30 minutes ago', () => {
    const recent = createRecentUse(0)
    for (let minutes = 0; minutes < 600; minutes += 1) recent.note(counter(minutes), at(minutes))
    expect(recent.note(counter(600), at(600))).toEqual({ sinceMs: at(580), used: 579 })
    expect(recent.note(counter(609), at(609))).toEqual({ sinceMs: at(580), used: 579 })
    expect(recent.note(counter(610), at(610))).toEqual({ sinceMs: at(590), used: 589 })
  })

  test('a counter that rested stood where it had been left', () => {
    const recent = createRecentUse(0)
    recent.note(counter(3), at(60))
    recent.note(counter(4), at(61))
    expect(recent.note(counter(50), at(600))).toEqual({ sinceMs: at(580), used: 4 })
    expect(recent.note(counter(60), at(601))).toEqual({ sinceMs: at(580), used: 4 })
  })

  test('a window that began later than the memory began at zero', () => {
    const recent = createRecentUse(at(0))
    expect(recent.note(counter(7), at(600))).toEqual({ sinceMs: at(580), used: 0 })
    expect(createRecentUse(at(0)).note(counter(7), at(5))).toEqual({ sinceMs: at(0), used: 0 })
  })

  test('of a window that was under way it knows nothing before it has seen it for long enough', () => {
    const recent = createRecentUse(at(1))
    expect(recent.note(counter(5), at(300))).toBeUndefined()
    expect(recent.note(counter(6), at(329))).toBeUndefined()
    expect(recent.note(counter(7), at(330))).toEqual({ sinceMs: at(310), used: 5 })
  })

  test('tells counters and windows apart, and spans of an hour are two minutes', () => {
    const recent = createRecentUse(0)
    recent.note(counter(1), at(0))
    recent.note(counter(2, 'bob'), at(1))
    expect(recent.note(counter(3), at(100))).toMatchObject({ used: 1 })
    expect(recent.note(counter(4, 'bob'), at(100))).toMatchObject({ used: 2 })
    expect(recent.note(counter(5, 'alice', 2 * dayMs), 2 * dayMs + 100 * minuteMs)).toMatchObject({ used: 0 })
    const hour = { ...counter(9), window: 'hour', endMs: at(60) } as const
    expect(recent.note(hour, at(31))).toEqual({ sinceMs: at(26), used: 0 })
  })

  test('a clock that is put back makes it forget what lies ahead', () => {
    const recent = createRecentUse(0)
    recent.note(counter(1), at(10))
    recent.note(counter(8), at(500))
    expect(recent.note(counter(9), at(100))).toEqual({ sinceMs: at(80), used: 1 })
    expect(recent.note(counter(10), at(500))).toEqual({ sinceMs: at(480), used: 9 })
  })
})
