import { describe, expect, test } from 'vitest'
import type { HitStore } from '../../../../src/check/hit-ports.ts'
import { countOn, type HitCall } from '../../../../src/check/rate-limit/count-on.ts'
import type { CallLines } from '../../../../src/check/rate-limit/hit-lines.ts'
import { Fault } from '../../../../src/core/fault.ts'
import type { HitAnswer, HitRequest, HitState } from '../../../../src/core/hit.ts'
import { createPeriodMemo } from '../../../../src/core/period-window.ts'
import { rateHitLine, windowLine } from '../../../support/hit-harness.ts'
import { per, rule, startMs } from './harness.ts'

const minuteMs = 60_000
const minuteStartMs = startMs - 30_000
const perMinute = rule(['ip'], { amount: per('minute', 5) })
const refilling = rule(['user'], {
  amount: { kind: 'rate', amount: 2, burst: 4, period: { unit: 'second', units: 1 } },
})
const bounds = { startMs: minuteStartMs, endMs: minuteStartMs + minuteMs, nextEndMs: minuteStartMs + 2 * minuteMs }
const call: HitCall = {
  lines: [windowLine(bounds), rateHitLine({ descriptor: 1 })],
  rules: [perMinute, refilling],
  ...{ counting: 'each', notAfterMs: startMs + 16, memo: createPeriodMemo() },
}
const state: HitState = { fits: true, taken: true, before: 0, after: 1, resetMs: 1, retryAfterMs: 0 }
const counted: HitAnswer = { kind: 'counted', at: startMs, states: [state, { ...state, after: 2 }] }

type Answer = HitAnswer | Fault

/** Answers one after the other, the last one again and again. */
function answering(...answers: readonly Answer[]) {
  const asked: HitRequest[] = []
  let tell: ((late: HitAnswer) => void) | undefined
  const store: HitStore = {
    ...{ nowMs: () => startMs, release: () => Promise.resolve() },
    async hit(request, options) {
      asked.push(request)
      tell = options?.onLate
      const answer = answers[Math.min(asked.length, answers.length) - 1]
      if (answer === undefined || answer instanceof Fault) throw answer ?? new Error('No answer')
      return answer
    },
  }
  return { store, asked, arrive: (late: HitAnswer) => tell?.(late) }
}

describe('countOn()', () => {
  test('asks once, as the call says, and puts each state beside its line and rule', async () => {
    const { store, asked } = answering(counted)
    const limits = await countOn(store, { ...call, slotId: 'slot' })
    const { lines, counting, notAfterMs } = call
    expect(asked).toEqual([{ lines, counting, notAfterMs, slotId: 'slot' }])
    expect(limits).toEqual([
      { line: lines[0], rule: perMinute, state },
      { line: lines[1], rule: refilling, state: { ...state, after: 2 } },
    ])
  })

  test('names no holder of slots where there is none', async () => {
    const { store, asked } = answering(counted)
    await countOn(store, call)
    expect(asked[0]).not.toHaveProperty('slotId')
  })

  test('asks anew in the windows of the store’s time, of which it tells, and leaves rates as they are', async () => {
    const { store, asked } = answering({ kind: 'stale-windows', at: startMs + minuteMs }, counted)
    const limits = await countOn(store, call)
    const next = { startMs: bounds.endMs, endMs: bounds.nextEndMs, nextEndMs: bounds.nextEndMs + minuteMs }
    expect(asked[1]?.lines).toEqual([windowLine(next), call.lines[1]])
    expect(limits).toMatchObject([{ line: next, rule: perMinute }, { rule: refilling }])
  })

  test('gives up a clock that jumps after three questions, and what the store calls late at once', async () => {
    const jumping = answering({ kind: 'stale-windows', at: startMs })
    expect([await countOn(jumping.store, call), jumping.asked.length]).toEqual(['late', 3])
    const late = answering({ kind: 'late', at: startMs })
    expect([await countOn(late.store, call), late.asked.length]).toEqual(['late', 1])
  })

  test('throws the fault of the store, and hands on what it answers later, with the lines that were asked', async () => {
    const away = new Fault('store_unavailable', 'Away', { uncertain: true })
    const { store, arrive, asked } = answering({ kind: 'stale-windows', at: startMs + minuteMs }, away)
    const late: (readonly [CallLines, HitAnswer])[] = []
    await expect(countOn(store, call, (...told) => late.push(told))).rejects.toBe(away)
    arrive(counted)
    expect(late).toEqual([[{ lines: asked[1]?.lines, rules: call.rules }, counted]])
    expect(asked[1]?.lines).not.toEqual(call.lines)
  })
})
