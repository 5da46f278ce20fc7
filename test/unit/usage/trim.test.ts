import { expect, test } from 'vitest'
import { silentObserver as observer } from '../../../src/telemetry/observer.ts'
import type { ChargeStream, LedgerStore } from '../../../src/usage/ports.ts'
import { createTrim } from '../../../src/usage/trim.ts'
import { listStream } from '../../support/charge-entries.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** A stream of one partition with an entry a second, the youngest now; all of it is booked. */
function steadyStream(entriesAtStart: number) {
  let held = entriesAtStart
  const keeps: number[] = []
  const stream: ChargeStream = {
    ...listStream(),
    async trim({ keepMs }) {
      keeps.push(keepMs)
      const trimmed = Math.max(0, held - Math.ceil(keepMs / 1_000))
      held -= trimmed
      return trimmed
    },
    sizes: async () => ({ unread: 0, held }),
  }
  const checkpoint = { partition: 7, epoch: 'e1', position: '1' }
  const store = { checkpoints: async () => [checkpoint] } as Pick<LedgerStore, 'checkpoints'> as LedgerStore
  const grow = (by: number): void => {
    held += by
  }
  return { stream, store, keeps, held: () => held, grow }
}

test('createTrim() keeps a whole day while it fits', async () => {
  const { stream, store, keeps, held } = steadyStream(100_000)
  const trim = createTrim({ stream, store, observer, settings: { keepMs: dayMs, keepEntriesMax: 90_000 } })
  await trim()
  await trim()
  expect(held()).toBe(86_400)
  expect(keeps).toEqual([dayMs, dayMs])
})

test('createTrim() keeps less time when a day holds too many entries, and more again when there is room', async () => {
  const world = steadyStream(50_000)
  const trim = createTrim({ ...world, observer, settings: { keepMs: dayMs, keepEntriesMax: 10_000 } })
  for (let round = 0; round < 200; round += 1) {
    await trim()
    expect(world.held()).toBeLessThanOrEqual(10_000)
    expect(world.held()).toBeGreaterThan(round === 0 ? 5_000 : 7_000)
    world.grow(60)
  }
  const quiet = { ...world.stream, sizes: async () => ({ unread: 0, held: 10 }) }
  const later = createTrim({
    stream: quiet,
    store: world.store,
    observer,
    settings: { keepMs: dayMs, keepEntriesMax: 10 },
  })
  await later()
  expect(world.keeps.at(-1)).toBe(dayMs)
})

test('createTrim() always keeps the last minute, and a day of a stream that bounds itself', async () => {
  const world = steadyStream(1_000)
  await createTrim({ ...world, observer, settings: { keepMs: dayMs, keepEntriesMax: 1 } })()
  expect(world.held()).toBe(60)
  const { sizes: _, ...bare } = world.stream
  await createTrim({ stream: bare, store: world.store, observer, settings: { keepMs: dayMs, keepEntriesMax: 1 } })()
  expect(world.keeps.at(-1)).toBe(dayMs)
})
