import { expect, test } from 'vitest'
import { afterSend } from '../../../src/alerts/after-send.ts'
import { restMs, retryInMs } from '../../../src/alerts/backoff.ts'

const dayMs = 86_400_000
const tried = { attempts: 0, ageMs: 0, failures: 0 }
const half = (): number => 0.5

test('retryInMs() doubles its ceiling from 2 s to an hour', () => {
  const almost = 0.999_999
  expect([1, 2, 3, 10, 12, 13, 1_000].map((attempts) => Math.ceil(retryInMs(attempts, almost) / 1_000))).toEqual([
    2, 4, 8, 1_024, 3_600, 3_600, 3_600,
  ])
})

test('retryInMs() is spread over all of its ceiling', () => {
  expect([0, 0.25, 0.5].map((random) => retryInMs(3, random))).toEqual([0, 2_000, 4_000])
})

test('restMs() lets a channel rest between half a second and a minute', () => {
  expect([1, 2, 7, 50].map((failures) => restMs(failures, 0))).toEqual([500, 1_000, 30_000, 30_000])
  expect(restMs(50, 0.999_999)).toBeLessThanOrEqual(60_000)
})

test('the tries of a delivery on a clock of its own: dozens over a day, then it is given up', () => {
  let ageMs = 0
  let attempts = 0
  while (attempts < 1_000) {
    const { end } = afterSend({ kind: 'again', why: 'Away' }, { attempts, ageMs, failures: attempts }, half)
    attempts += 1
    if (end.kind !== 'again') {
      expect(end).toEqual({ kind: 'failed', error: 'Away' })
      break
    }
    ageMs += end.inMs
  }
  expect(ageMs).toBeGreaterThan(dayMs - 3_600_000)
  expect(ageMs).toBeLessThanOrEqual(dayMs)
  expect(attempts).toBeGreaterThan(40)
  expect(attempts).toBeLessThan(80)
})

test('a target that says when to come again is not asked before, nor a day later', () => {
  const told = { kind: 'again', why: 'Busy', retryAfterMs: 90_000 } as const
  expect(afterSend(told, tried, half)).toMatchObject({
    end: { inMs: 90_000, isAttempt: true },
    rest: { ms: 90_000, isFailure: true },
  })
  const forever = { ...told, retryAfterMs: Number.MAX_SAFE_INTEGER }
  expect(afterSend(forever, tried, half)).toMatchObject({ end: { inMs: 3_600_000 } })
})

test('a target that wants it slower is waited for as told, and that is neither an attempt nor a failure', () => {
  expect(afterSend({ kind: 'slower', why: 'Too many', retryAfterMs: 7_000 }, tried, half)).toEqual({
    end: { kind: 'again', error: 'Too many', inMs: 7_000, isAttempt: false },
    rest: { ms: 7_000, why: 'Too many', isFailure: false },
  })
  expect(afterSend({ kind: 'slower', why: 'Too many' }, tried, half)).toMatchObject({ end: { inMs: 60_000 } })
  expect(afterSend({ kind: 'slower', why: 'Too many', retryAfterMs: 0 }, tried, half)).toMatchObject({
    end: { inMs: 1_000 },
  })
  const old = { ...tried, ageMs: dayMs }
  expect(afterSend({ kind: 'slower', why: 'Too many' }, old, half).end).toEqual({ kind: 'failed', error: 'Too many' })
})

test('what is refused is given up alone; what is gone stops its channel', () => {
  expect(afterSend({ kind: 'refused', why: 'Too long' }, tried, half)).toEqual({
    end: { kind: 'failed', error: 'Too long' },
  })
  expect(afterSend({ kind: 'gone', why: '410' }, tried, half)).toEqual({
    end: { kind: 'failed', error: '410' },
    stopWhy: '410',
  })
  expect(afterSend({ kind: 'sent' }, tried, half)).toEqual({ end: { kind: 'sent' } })
})
