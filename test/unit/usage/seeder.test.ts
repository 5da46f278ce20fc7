import { expect, test } from 'vitest'
import type { CounterWindow, Seed } from '../../../src/core/charge.ts'
import type { Subject } from '../../../src/core/subject.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import type { Drained } from '../../../src/usage/drainer.ts'
import { createSeeder } from '../../../src/usage/seeder.ts'

const subject = (id: string): Subject => ({ kind: 'account', id, partition: 7 })
const day: CounterWindow = {
  surface: 'any',
  quantity: 'credits',
  window: 'day',
  timeZone: 'UTC',
  startMs: 0,
  endMs: 86_400_000,
}
const hour: CounterWindow = { ...day, window: 'hour', endMs: 3_600_000 }
const soon = { notAfterMs: 1_000 }

interface Given {
  readonly answers?: readonly ('seeded' | 'behind')[]
  readonly figures?: () => Promise<void>
  readonly inFlightMax?: number
}

function seederOf({ answers = [], figures = async () => undefined, inFlightMax = 10 }: Given) {
  const asked: string[] = []
  const counted: string[] = []
  let drains = 0
  let seeds = 0
  const observer: Observer = { ...silentObserver, count: (_metric, labels) => counted.push(labels?.['result'] ?? '') }
  const seed = createSeeder({
    store: {
      async figures(who, counters): Promise<Seed> {
        asked.push(`${who.id} ${counters.map((counter) => counter.window).join()}`)
        await figures()
        return { subject: who, checkpoint: undefined, counters: [] }
      },
      drain: () => Promise.reject(new Error('not here')),
      checkpoints: async () => [],
    },
    seedStore: {
      async seed() {
        seeds += 1
        return answers[seeds - 1] ?? 'seeded'
      },
    },
    async drain(): Promise<Drained> {
      drains += 1
      return { merged: 0, isEmpty: true, checkpoint: { partition: 7, epoch: 'e', position: '0' } }
    },
    nowMs: () => 0,
    observer,
    inFlightMax,
  })
  return { seed, asked, counted, drains: () => drains }
}

test('a seeder drains the partition and tries again while the books are behind', async () => {
  const { seed, drains, counted } = seederOf({ answers: ['behind', 'behind', 'behind', 'seeded'] })
  expect(await seed(subject('alice'), [day], soon)).toBe(true)
  expect(drains()).toBe(2)
  expect(counted).toEqual(['seeded'])
})

test('a seeder gives up when the books stay behind, and tries anew for the next caller', async () => {
  const { seed, counted } = seederOf({ answers: Array.from({ length: 10 }, () => 'behind' as const) })
  expect(await seed(subject('alice'), [day], soon)).toBe(false)
  expect(await seed(subject('alice'), [day], soon)).toBe(true)
  expect(counted).toEqual(['behind', 'seeded'])
})

test('a seeder asks once for many callers of one subject and counters, and in turn for others', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { seed, asked } = seederOf({ figures: () => promise })
  const seeded = [
    ...Array.from({ length: 50 }, () => seed(subject('alice'), [day], soon)),
    seed(subject('alice'), [day, hour], soon),
    seed(subject('bob'), [day], soon),
  ]
  await new Promise(setImmediate)
  expect(asked).toEqual(['alice day', 'bob day'])
  resolve()
  expect(await Promise.all(seeded)).toEqual(seeded.map(() => true))
  expect(asked).toEqual(['alice day', 'bob day', 'alice day,hour'])
})

test('a seeder answers false in time and lets the seed go on for the next caller', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { seed, asked, counted } = seederOf({ figures: () => promise })
  expect(await seed(subject('alice'), [day], { notAfterMs: 5 })).toBe(false)
  expect(counted).toEqual(['late'])
  const later = seed(subject('alice'), [day], soon)
  resolve()
  expect(await later).toBe(true)
  expect(asked).toEqual(['alice day'])
  expect(await seed(subject('alice'), [day], { notAfterMs: 0 })).toBe(false)
  expect(asked).toEqual(['alice day'])
})

test('a seeder answers false when the ledger fails, and when too many subjects are under way', async () => {
  const failing = seederOf({ figures: () => Promise.reject(new Error('away')) })
  expect(await failing.seed(subject('alice'), [day], soon)).toBe(false)
  expect(failing.counted).toEqual(['failed'])

  const { promise, resolve } = Promise.withResolvers<void>()
  const full = seederOf({ figures: () => promise, inFlightMax: 1 })
  const first = full.seed(subject('alice'), [day], soon)
  expect(await full.seed(subject('bob'), [day], soon)).toBe(false)
  expect(full.counted).toEqual(['shed'])
  resolve()
  expect(await first).toBe(true)
  await new Promise(setImmediate)
  expect(await full.seed(subject('bob'), [day], soon)).toBe(true)
})
