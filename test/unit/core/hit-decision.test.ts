import { expect, test } from 'vitest'
import { answerUnseen, decideHits } from '../../../src/core/hit-decision.ts'
import { counter, rateHitLine, slotLine, windowLine, windowMs } from '../../support/hit-harness.ts'
import { startMs } from '../../support/spend-harness.ts'

const asked = { counting: 'all_or_nothing', notAfterMs: startMs } as const

test('answerUnseen() lets through what starts at the last moment and refuses what starts after it', () => {
  const request = { ...asked, lines: [windowLine()] }
  expect(answerUnseen(request, startMs)).toBeUndefined()
  expect(answerUnseen(request, startMs + 1)).toEqual({ kind: 'late', at: startMs + 1 })
})

test('answerUnseen() knows both windows of a line and no other', () => {
  const request = {
    counting: 'each',
    notAfterMs: Number.POSITIVE_INFINITY,
    lines: [rateHitLine(), windowLine()],
  } as const
  const stale = (now: number): unknown => answerUnseen(request, now)?.kind
  expect([-1, 0, windowMs - 1, windowMs, 2 * windowMs - 1, 2 * windowMs].map((ms) => stale(startMs + ms))).toEqual([
    'stale-windows',
    undefined,
    undefined,
    undefined,
    undefined,
    'stale-windows',
  ])
})

test('decideHits() of a part whose call another part refused takes only what is taken all the same', () => {
  const lines = [
    windowLine(),
    windowLine({ counter: counter('s'), enforced: false }),
    windowLine({ counter: counter('c'), chargesRefused: true }),
  ]
  const { states, after } = decideHits({ ...asked, lines, isRefused: true }, startMs, [2, 2, 2])
  expect(states.map(({ taken }) => taken)).toEqual([false, true, true])
  expect(after).toEqual([2, 3, 3])
})

test('decideHits() takes no slot above 100,000 for a line that is not enforced', () => {
  const line = slotLine({ enforced: false })
  const sight = { held: 100_000, ownEndsAtMs: 0, lastEndsAtMs: startMs + 5, roomAtMs: startMs + 1 }
  const part = { ...asked, lines: [line], slotId: 'a' }
  expect(decideHits(part, startMs, [sight]).after).toEqual([sight])
  expect(decideHits(part, startMs, [{ ...sight, held: 99_999 }]).after).toMatchObject([{ held: 100_000 }])
})

test('decideHits() finds the counters that lines share however many lines there are', () => {
  const many = Array.from({ length: 40 }, (_, index) => windowLine({ counter: counter(`w${index % 20}`), amount: 3 }))
  const { states } = decideHits(
    { ...asked, lines: many },
    startMs,
    many.map(() => 1),
  )
  expect(states.map(({ before }) => before)).toEqual(many.map((_, index) => (index < 20 ? 1 : 2)))
})
