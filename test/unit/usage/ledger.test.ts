import { expect, test, vi } from 'vitest'
import type { Checkpoint, Seed } from '../../../src/core/charge.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { createLedger, ledgerDefaults } from '../../../src/usage/ledger.ts'
import type { ChargeStream, LedgerStore } from '../../../src/usage/ports.ts'
import { account, chargeEntry, listStream } from '../../support/charge-entries.ts'

/** Books that only remember where they stand; the rule of merging is PostgreSQL's and tested there. */
function plainBooks(failsAt: (partition: number) => boolean = () => false) {
  const checkpoints = new Map<number, Checkpoint>()
  const batches: string[] = []
  const store: LedgerStore = {
    async drain(partition, read) {
      if (failsAt(partition)) throw new Error(`partition ${partition} is away`)
      const { entries, epoch, position } = await read(checkpoints.get(partition))
      batches.push(`${partition}:${entries.length}`)
      const checkpoint = { partition, epoch, position }
      checkpoints.set(partition, checkpoint)
      return { merged: entries.length, checkpoint }
    },
    figures: async (subject): Promise<Seed> => ({
      subject,
      checkpoint: checkpoints.get(subject.partition),
      counters: [],
    }),
    checkpoints: async () => [...checkpoints.values()],
  }
  return { store, batches }
}

interface Given {
  readonly stream: ChargeStream
  readonly store: LedgerStore
  readonly seeds?: readonly ('seeded' | 'behind')[]
  readonly observer?: Observer
  readonly nowMs?: () => number
}

function ledgerOf({ stream, store, seeds = [], observer = silentObserver, nowMs = () => 0 }: Given) {
  const seeded: Seed[] = []
  const ledger = createLedger({
    stream,
    store,
    seedStore: {
      async seed(seed) {
        seeded.push(seed)
        return seeds[seeded.length - 1] ?? 'seeded'
      },
    },
    observer,
    settings: { ...ledgerDefaults, nowMs, batchMax: 3, drainsMax: 2, idleMs: 5 },
  })
  return { ledger, seeded }
}

const entries = (partition: number, count: number) =>
  Array.from({ length: count }, (_, index) => chargeEntry({ id: `${partition}-${index}`, partition }))

test('drainOnce() books every waiting partition in bounded batches, at most ten of one partition', async () => {
  const stream = listStream()
  stream.append(...entries(1, 7), ...entries(2, 2), ...entries(3, 40))
  const { store, batches } = plainBooks()
  const { ledger } = ledgerOf({ stream, store })
  expect(await ledger.drainOnce()).toBe(7 + 2 + 30)
  expect(batches.filter((batch) => batch.startsWith('1:'))).toEqual(['1:3', '1:3', '1:1'])
  expect(await ledger.drainOnce()).toBe(10)
  expect(await ledger.drainOnce()).toBe(0)
})

test('drainOnce() tries every partition before it throws the first failure', async () => {
  const stream = listStream()
  stream.append(...entries(1, 1), ...entries(2, 1), ...entries(3, 1))
  const { store, batches } = plainBooks((partition) => partition === 2)
  const { ledger } = ledgerOf({ stream, store })
  await expect(ledger.drainOnce()).rejects.toThrow('partition 2 is away')
  expect(batches.toSorted()).toEqual(['1:1', '3:1'])
})

test('a running ledger counts failures, tries again, tells how far behind it is, and books all when the books are back', async () => {
  const stream = listStream()
  stream.append(...entries(1, 1))
  let isAway = true
  let nowMs = 0
  const { store, batches } = plainBooks(() => isAway)
  const lags: number[] = []
  let failures = 0
  const observer: Observer = {
    ...silentObserver,
    set: (metric, value) => void (metric === 'ledger_lag_seconds' && lags.push(value)),
    count(metric) {
      if (metric === 'ledger_failures_total') failures += 1
      nowMs += 1_000
    },
  }
  const { ledger } = ledgerOf({ stream, store, observer, nowMs: () => nowMs })
  ledger.start()
  await vi.waitFor(() => expect(failures).toBeGreaterThan(2))
  expect(Math.max(...lags)).toBeGreaterThanOrEqual(2)
  isAway = false
  await vi.waitFor(() => expect(lags.at(-1)).toBe(0))
  await ledger.stop()
  expect(batches[0]).toBe('1:1')
})

test('stop() ends after the batch under way; drainOnce() still works then', async () => {
  const stream = listStream()
  stream.append(...entries(1, 9))
  const { store, batches } = plainBooks()
  const reading = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  const slow: ChargeStream = {
    ...stream,
    async charges(from) {
      begun.resolve()
      await reading.promise
      return stream.charges(from)
    },
  }
  const { ledger } = ledgerOf({ stream: slow, store })
  ledger.start()
  await begun.promise
  const stopped = ledger.stop()
  reading.resolve()
  await stopped
  expect(batches).toEqual(['1:3'])
  expect(await ledger.drainOnce()).toBe(6)
})

test('a stream that never answers fails its partition after a second, so that the lock is given back', async () => {
  const stream: ChargeStream = {
    ...listStream(),
    waiting: async () => [5],
    charges: () => new Promise(() => undefined),
  }
  const { ledger } = ledgerOf({ stream, store: plainBooks().store })
  await expect(ledger.drainOnce()).rejects.toMatchObject({ code: 'store_unavailable', transient: true })
})

test('stale subjects are seeded in every pass, after one more drain when the books are behind', async () => {
  const subject = account('alice')
  const list = listStream()
  const stream: ChargeStream = { ...list, stale: async () => [{ subject, counters: [] }] }
  list.append(chargeEntry())
  const { store } = plainBooks()
  const { ledger, seeded } = ledgerOf({ stream, store, seeds: ['behind'] })
  await ledger.drainOnce()
  expect(seeded.map((seed) => seed.subject)).toEqual([subject, subject])
})

test('a stale subject that cannot be seeded holds up no other, and the pass is tried again', async () => {
  const stale = ['alice', 'bob'].map((id) => ({ subject: account(id), counters: [] }))
  const stream: ChargeStream = { ...listStream(), stale: async () => stale }
  const { store } = plainBooks()
  const failing: LedgerStore = {
    ...store,
    figures: (subject, counters) =>
      subject.id === 'alice' ? Promise.reject(new Error('alice is too many')) : store.figures(subject, counters),
  }
  const { ledger, seeded } = ledgerOf({ stream, store: failing })
  await expect(ledger.drainOnce()).rejects.toThrow('alice is too many')
  expect(seeded.map((seed) => seed.subject.id)).toEqual(['bob'])
})

test('what is a day behind is trimmed, once a minute, at the checkpoints of the books', async () => {
  const list = listStream()
  list.append(chargeEntry())
  const trimmed: unknown[] = []
  const stream: ChargeStream = { ...list, trim: async (upTo) => trimmed.push(upTo) }
  let nowMs = 0
  const { ledger } = ledgerOf({ stream, store: plainBooks().store, nowMs: () => nowMs })
  await ledger.drainOnce()
  expect(trimmed).toEqual([])
  nowMs = 60_000
  await ledger.drainOnce()
  await ledger.drainOnce()
  expect(trimmed).toEqual([{ checkpoint: { partition: 7, epoch: 'e1', position: '1' }, keepMs: 86_400_000 }])
})

test('what a partition has still to read is told while there is some, at most every five seconds, and 0 at once', async () => {
  const list = listStream()
  list.append(...entries(1, 40))
  const told: number[] = []
  const stream: ChargeStream = { ...list, sizes: async () => ({ unread: 10 * (told.length + 1), held: 0 }) }
  const observer: Observer = {
    ...silentObserver,
    set: (metric, value) => void (metric === 'ledger_pending_entries' && told.push(value)),
  }
  let nowMs = 0
  const { ledger } = ledgerOf({ stream, store: plainBooks().store, observer, nowMs: () => nowMs })
  await ledger.drainOnce()
  expect(told).toEqual([10])
  list.append(...entries(1, 80).map((entry) => ({ ...entry, id: `${entry.id} later` })))
  nowMs = 4_999
  await ledger.drainOnce()
  expect(told).toEqual([10])
  nowMs = 5_000
  await ledger.drainOnce()
  expect(told).toEqual([10, 20])
  for (let passes = 0; passes < 2; passes += 1) await ledger.drainOnce()
  expect(told).toEqual([10, 20, 0])
})

test('while the books are away what waits is counted after the last known checkpoints, and said in the log once it is much', async () => {
  const list = listStream()
  list.append(...entries(1, 2))
  const asked: (readonly Checkpoint[])[] = []
  const stream: ChargeStream = {
    ...list,
    async sizes(checkpoints) {
      asked.push(checkpoints)
      return { unread: asked.length < 3 ? 40 : 5_000, held: 6_000 }
    },
  }
  const { store } = plainBooks()
  let isAway = false
  const checkpoints = async () => {
    if (isAway) throw new Error('away')
    return store.checkpoints()
  }
  const gauges: string[] = []
  const warned: string[] = []
  let nowMs = 0
  const observer: Observer = {
    ...silentObserver,
    set: (metric, value) => void gauges.push(`${metric} ${value}`),
    warn: (event) => void warned.push(event),
    count(metric) {
      if (metric === 'ledger_failures_total') nowMs += 5_000
    },
  }
  const { ledger } = ledgerOf({ stream, store: { ...store, checkpoints }, observer, nowMs: () => nowMs })
  await ledger.drainOnce()
  await ledger.drainOnce()
  isAway = true
  ledger.start()
  await vi.waitFor(() => expect(warned).toContain('ledger_many_unread'))
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(5))
  await ledger.stop()
  expect(gauges).toEqual(expect.arrayContaining(['ledger_pending_entries 40', 'ledger_kept_entries 6000']))
  expect(asked[0]).toEqual([{ partition: 1, epoch: expect.any(String), position: '2' }])
  expect(warned.filter((event) => event === 'ledger_many_unread')).toHaveLength(1)
})
