import { describe, expect, it } from 'vitest'
import { nextSettling } from '../../../src/core/pack-schedule.ts'

const hourMs = 3_600_000
const pack = { startMs: 0, endMs: 100 * hourMs }

describe('nextSettling()', () => {
  it.each([
    ['soon after its end', 0, 1_000],
    ['half a minute after it', 1_000, 30_000],
    ['a quarter of an hour after it', 30_000, 900_000],
    ['eight hours after it', 900_000, 8 * hourMs],
    ['when no report can come any more', 8 * hourMs, 48 * hourMs + 1_000],
  ])('comes back to a window %s', (_, lastAfterMs, nextAfterMs) => {
    expect(nextSettling([pack], [10 * hourMs], 10 * hourMs + lastAfterMs)).toBe(10 * hourMs + nextAfterMs)
  })

  it('takes the end of a pack like the end of a window, and whatever is first', () => {
    expect(nextSettling([pack], [101 * hourMs], 99 * hourMs)).toBe(100 * hourMs + 1_000)
    expect(nextSettling([pack], [101 * hourMs], 101 * hourMs)).toBe(101 * hourMs + 1_000)
  })

  it('ends when nothing can change any more', () => {
    expect(nextSettling([pack], [96 * hourMs], 148 * hourMs + 1_000)).toBe(undefined)
    expect(nextSettling([], [], 0)).toBe(undefined)
  })
})
