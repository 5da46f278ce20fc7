import { expect, test } from 'vitest'
import { createMemoryHitStore } from '../../src/memory/hit-store.ts'
import { ask, counter, type HitHarness, slotLine, statesOf, windowLine, windowMs } from '../support/hit-harness.ts'
import { startMs } from '../support/spend-harness.ts'
import { hitStoreSuite } from './hit-store.suite.ts'

async function createHarness(countersMax = 10_000): Promise<HitHarness> {
  let nowMs = startMs
  return {
    hits: createMemoryHitStore({ nowMs: () => nowMs, countersMax }),
    async setNow(ms) {
      nowMs = ms
    },
    async close() {},
  }
}

hitStoreSuite('in process', createHarness)

test('a full store takes no new counter, goes on with those it has, and has room again once they are past', async () => {
  const harness = await createHarness(3)
  const line = (id: string) => windowLine({ counter: counter(id) })
  await statesOf(ask(harness, [line('a'), line('b')]))
  await expect(ask(harness, [line('c'), line('d')])).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await statesOf(ask(harness, [line('a'), line('c')])), 'the refused call took nothing').toMatchObject([
    { before: 1, after: 2 },
    { before: 0, after: 1 },
  ])
  expect(await statesOf(ask(harness, [{ ...line('e'), hits: 0 }]))).toMatchObject([{ before: 0 }])
  await harness.setNow(startMs + windowMs + 5_000)
  const next = { startMs: startMs + windowMs, endMs: startMs + 2 * windowMs, nextEndMs: startMs + 3 * windowMs }
  const later = ['c', 'd', 'e'].map((id) => ({ ...line(id), ...next }))
  expect(await statesOf(ask(harness, later))).toMatchObject(later.map(() => ({ before: 0, after: 1 })))
})

test('slots count against the bound too, and their end makes room', async () => {
  const harness = await createHarness(3)
  const shadow = slotLine({ enforced: false })
  for (const slotId of ['a', 'b']) await statesOf(ask(harness, [shadow], { slotId }))
  await expect(ask(harness, [shadow], { slotId: 'c' })).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(await statesOf(ask(harness, [shadow], { slotId: 'b' })), 'renewed').toMatchObject([{ before: 2, after: 2 }])
  await harness.hits.release({ counters: [shadow.counter], slotId: 'a' })
  expect(await statesOf(ask(harness, [shadow], { slotId: 'c' }))).toMatchObject([{ before: 1, after: 2 }])
  await harness.setNow(startMs + 15_001)
  expect(await statesOf(ask(harness, [shadow, windowLine()], { slotId: 'd' }))).toMatchObject([{ before: 0 }, {}])
})
