import { expect, test } from 'vitest'
import type { Admission } from '../../../src/check/admission.ts'
import type { Bounds } from '../../../src/check/bounds.ts'
import { linesOf } from '../../../src/check/lines.ts'
import { createSlotQueue } from '../../../src/check/slot-queue.ts'
import { waitForSlot } from '../../../src/check/wait-for-slot.ts'
import type { LineState } from '../../../src/core/spend.ts'
import { limitRule, lineFacts, noonMs } from './factories.ts'

const cap = limitRule({ id: 'cap', name: 'at-once', kind: 'concurrency', counts: 'in_flight', amount: 1 })
const rate = limitRule({ id: 'rate', name: 'steady', kind: 'rate', counts: 'requests', amount: 10, paceMsMax: 3_000 })
const lines = linesOf([cap, rate], lineFacts({ paceMsMax: 3_000 }))
const full: LineState = { kind: 'concurrency', held: 1, fits: false, retryAfterMs: 8_000 }
const free: LineState = { kind: 'rate', debt: 0, fits: true, retryAfterMs: 0 }
const refused = (states: readonly LineState[], retryAfterMs: number | 'never' = 8_000): Admission => ({
  kind: 'refused',
  lines,
  answer: { kind: 'refused', at: noonMs, line: 0, retryAfterMs, states },
})
const taken: Admission = {
  kind: 'taken',
  lines,
  subjects: [],
  answer: { kind: 'taken', at: noonMs, paceMs: 0, epochs: [], states: [] },
}

/** Waits with a clock that each hold moves on by 100 ms, after which a slot is told free, and spends that come to `then`, the last one for ever. */
async function waiting(first: Admission, then: readonly Admission[], change: Partial<Bounds> = {}) {
  let nowMs = noonMs
  let attempts = 0
  const slots = createSlotQueue(() => () => undefined)
  const bounds: Bounds = {
    deadlineMs: noonMs + 200,
    heldUntilMsMax: noonMs + 60_000,
    hold: async () => {
      nowMs += 100
      slots.released([{ kind: 'account', id: 'alice', partition: 7 }])
      return nowMs + 200
    },
    ...change,
  }
  const last = await waitForSlot(
    { admission: first },
    {
      bounds,
      slots,
      nowMs: () => nowMs,
      attempt: async () => {
        attempts += 1
        return { admission: then[attempts - 1] ?? then.at(-1) ?? first }
      },
    },
  )
  return { admission: last.admission, attempts }
}

test('a request that only a cap refuses is tried again until it has a slot', async () => {
  const again = refused([full, free])
  expect(await waiting(again, [again, taken])).toEqual({ admission: taken, attempts: 2 })
})

test('after half a second it is refused', async () => {
  const again = refused([full, free])
  expect(await waiting(again, [again])).toEqual({ admission: again, attempts: 5 })
})

test('nobody waits for a slot longer than the caller does', async () => {
  const again = refused([full, free])
  expect((await waiting(again, [again], { heldUntilMsMax: noonMs + 200 })).attempts).toBe(2)
  expect((await waiting(again, [again], { heldUntilMsMax: noonMs })).attempts).toBe(0)
})

test('a hold that ends without a turn is the last: nobody asks the store over and over while the process stops', async () => {
  const again = refused([full, free])
  expect((await waiting(again, [again], { hold: async () => noonMs + 200 })).attempts).toBe(1)
})

test('a caller that left spends no more', async () => {
  expect((await waiting(refused([full, free]), [taken], { hold: async () => undefined })).attempts).toBe(0)
})

test('a rate that would pace does not keep it from waiting, one that refuses does', async () => {
  const paced: LineState = { kind: 'rate', debt: 300, fits: false, retryAfterMs: 3_000 }
  const over: LineState = { ...paced, retryAfterMs: 3_001 }
  expect((await waiting(refused([full, paced]), [taken])).admission).toBe(taken)
  expect((await waiting(refused([full, over]), [taken])).attempts).toBe(0)
})

test('a cap of 0 is not waited for', async () => {
  expect((await waiting(refused([{ ...full, retryAfterMs: 'never' }, free], 'never'), [taken])).attempts).toBe(0)
})

test('what was taken, and what the store could not say, is answered as it is', async () => {
  const away: Admission = { kind: 'unavailable', reason: 'store' }
  for (const first of [taken, away]) expect(await waiting(first, [taken])).toEqual({ admission: first, attempts: 0 })
})
