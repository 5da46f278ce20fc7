import { describe, expect, test } from 'vitest'
import type { HitStore } from '../../../../src/check/hit-ports.ts'
import type { HitCall } from '../../../../src/check/rate-limit/count-on.ts'
import { createLateHits } from '../../../../src/check/rate-limit/late-hits.ts'
import type { HitAnswer, HitLine, HitRequest } from '../../../../src/core/hit.ts'
import { createPeriodMemo } from '../../../../src/core/period-window.ts'
import { counter, rateHitLine, slotLine, windowLine, windowMs } from '../../../support/hit-harness.ts'
import { startMs } from '../../../support/spend-harness.ts'

type Freed = Parameters<HitStore['release']>[0]

/** One call of these lines that was given up; the store says how each was taken. */
function late(
  lines: readonly HitLine[],
  { nowMs = startMs, isAway = false, ...how }: Partial<HitCall> & { nowMs?: number; isAway?: boolean } = {},
) {
  const asked: HitRequest[] = []
  const freed: Freed[] = []
  const reply = <T>(answer: T): Promise<T> => (isAway ? Promise.reject(new Error('Away')) : Promise.resolve(answer))
  const hits: HitStore = {
    nowMs: () => nowMs,
    hit(request) {
      asked.push(request)
      return reply<HitAnswer>({ kind: 'counted', at: nowMs, states: [] })
    },
    release(slots) {
      freed.push(slots)
      return reply(undefined)
    },
  }
  const rest = { counting: 'all_or_nothing', notAfterMs: startMs, memo: createPeriodMemo() } as const
  const unheard = createLateHits(hits, { ...{ lines, rules: [], ...rest }, ...how })
  return {
    refuse: (...descriptors: readonly number[]) => unheard.decided(new Set(descriptors)),
    arrive: (taken: readonly boolean[] = lines.map(() => true)) =>
      unheard.arrived({ lines, rules: [] }, counted(taken)),
    answer: (answer: HitAnswer) => unheard.arrived({ lines, rules: [] }, answer),
    back: () => asked.flatMap((request) => request.lines.map((line) => [line.counter.id, line.hits])),
    ...{ asked, freed },
  }
}

function counted(taken: readonly boolean[]): HitAnswer {
  const state = { fits: true, before: 0, after: 0, resetMs: 0, retryAfterMs: 0 } as const
  return { kind: 'counted', at: startMs, states: taken.map((isTaken) => ({ ...state, taken: isTaken })) }
}

const of = (descriptor: number, hits = 2) => windowLine({ descriptor, hits, counter: counter(`c${descriptor}`) })

describe('createLateHits()', () => {
  test('gives back when both are there, the answer and what became of the call, in either order', () => {
    const first = late([of(0)])
    first.arrive()
    expect(first.asked).toEqual([])
    first.refuse(0)
    const last = late([of(0)])
    last.refuse(0)
    expect(last.asked).toEqual([])
    last.arrive()
    for (const { back } of [first, last]) expect(back()).toEqual([['c0', -2]])
  })

  test('keeps what a call took that has passed', () => {
    const { refuse, arrive, asked } = late([of(0)])
    refuse()
    arrive()
    expect(asked).toEqual([])
  })

  test.each([
    [
      'all_or_nothing',
      [
        ['c0', -2],
        ['c1', -2],
      ],
    ],
    ['each', [['c1', -2]]],
  ] as const)('gives back of a call with one refused descriptor: %s', (counting, back) => {
    const at = late([of(0), of(1)], { counting })
    at.refuse(1)
    at.arrive()
    expect(at.back()).toEqual(back)
  })

  test('gives back only what was taken, can be, and is not charged all the same', () => {
    const lines = [
      { ...of(0), chargesRefused: true },
      { ...of(1), enforced: false },
      of(2, 0),
      of(3, -4),
      of(4),
      rateHitLine({ descriptor: 5, hits: 3 }),
      of(6),
    ]
    const { refuse, arrive, back } = late(lines)
    refuse(4)
    arrive(lines.map(({ descriptor }) => descriptor !== 4))
    expect(back()).toEqual([
      ['rate', -3],
      ['c6', -2],
    ])
  })

  test('gives back into the same window alone, refusing nobody, and nothing into one that is over', () => {
    const { refuse, arrive, asked } = late([of(0)])
    refuse(0)
    arrive()
    const { endMs } = of(0)
    expect(asked[0]).toMatchObject({
      counting: 'each',
      lines: [{ startMs, endMs, nextEndMs: endMs, enforced: false }],
    })
    expect(asked[0]?.notAfterMs).toBeGreaterThan(startMs)
    const over = late([of(0), rateHitLine()], { nowMs: startMs + windowMs })
    over.refuse(0)
    over.arrive()
    expect(over.back()).toEqual([['rate', -1]])
  })

  test('frees slots of the request that holds them, and none that nobody holds', () => {
    const held = late([slotLine(), of(0)], { slotId: 'r1' })
    held.refuse(0)
    held.arrive()
    expect(held.freed).toEqual([{ counters: [counter('slots')], slotId: 'r1' }])
    expect(held.back()).toEqual([['c0', -2]])
    const nobodys = late([slotLine()])
    nobodys.refuse(0)
    nobodys.arrive()
    expect([nobodys.freed, nobodys.asked]).toEqual([[], []])
  })

  test.each(['late', 'stale-windows'] as const)('has nothing to give back of an answer that is %s', (kind) => {
    const { refuse, answer, asked } = late([of(0)])
    refuse(0)
    answer({ kind, at: startMs })
    expect(asked).toEqual([])
  })

  test('lets be what cannot be given back', async () => {
    const { refuse, arrive, asked, freed } = late([of(0), slotLine()], { isAway: true, slotId: 'r1' })
    refuse(0)
    arrive()
    // A rejection that nobody handles would fail this run.
    await new Promise((resolve) => setImmediate(resolve))
    expect([asked.length, freed.length]).toEqual([1, 1])
  })
})
