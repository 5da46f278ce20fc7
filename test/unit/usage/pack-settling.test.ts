import { EventEmitter, once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import type { Settlement } from '../../../src/core/pack-settlement.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import type { PackBooks, PackGroup, PacksInForce } from '../../../src/usage/pack-ports.ts'
import { createPackSettling } from '../../../src/usage/pack-settling.ts'

const dayMs = 86_400_000
const windowAt = (ms: number) => {
  const startMs = Math.floor(ms / dayMs) * dayMs
  return { startMs, endMs: startMs + dayMs }
}

const group = (id: string, over: Partial<PacksInForce> = {}): PacksInForce => ({
  ...{ key: id, grants: [id], packs: [{ startMs: dayMs, endMs: 9 * dayMs }], windowAt },
  subject: { kind: 'account', id, partition: 7 },
  counter: { surface: 'any', quantity: 'requests', window: 'day', timeZone: 'UTC' },
  ...over,
})

/** Settling over books that are told what was used; each settlement rings. */
function startSettling(groups: readonly PacksInForce[], { isEmpty = true, fails = '' } = {}) {
  const bell = new EventEmitter()
  const settled: { readonly id: string; readonly settlement: Settlement | undefined }[] = []
  const counts = new Map<string, number>()
  const drains: number[] = []
  const world = { nowMs: 2 * dayMs + 500, used: 4, fails, isEmpty }
  const books: PackBooks = {
    async settle({ subject: { id } }: PackGroup, decide) {
      if (world.fails === id) throw new Error('refused')
      const known = { id, amount: 10, spent: 0, startMs: dayMs, endMs: 9 * dayMs, paid: [] }
      const settlement = await decide([known], async (parts) => parts.map(() => world.used))
      settled.push({ id, settlement })
      bell.emit('settled')
      return true
    },
  }
  const observer: Observer = {
    ...silentObserver,
    count(name) {
      counts.set(name, (counts.get(name) ?? 0) + 1)
      bell.emit('counted')
    },
  }
  const waiting = groups.map((one) => ({ account: one.subject.id, groups: [one] }))
  const settling = createPackSettling({
    ...{
      changes: (countMax: number) => waiting.splice(0, countMax),
      books,
      observer,
      everyMs: 1,
      groupsMax: 2,
      nowMs: () => world.nowMs,
    },
    async drain(partition) {
      drains.push(partition)
      bell.emit('drained')
      if (world.fails === 'drain') throw new Error('away')
      return { merged: 0, isEmpty: world.isEmpty, checkpoint: { partition, epoch: '', position: '' } }
    },
  })
  settling.start()
  onTestFinished(() => settling.stop())
  const signal = AbortSignal.timeout(10_000)
  return {
    ...{ world, settled, counts, drains, waiting },
    async until(what: 'settled' | 'counted' | 'drained', isSo: () => boolean) {
      while (!isSo()) await once(bell, what, { signal })
    },
  }
}

test('everything is settled once at the start, then when a window is over', async () => {
  const { world, settled, until } = startSettling([group('a'), group('b'), group('c')])
  await until('settled', () => settled.length === 3)
  expect(settled.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  expect(settled[0]?.settlement?.payments).toEqual([{ pack: 'a', window: windowAt(dayMs), paid: 4 }])
  world.nowMs = 2 * dayMs + 1_000
  await until('settled', () => settled.length === 6)
  world.nowMs = 2 * dayMs + 30_000
  await until('settled', () => settled.length === 9)
  expect(settled.slice(6).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
})

test('a pack that is gone has no turn any more, and a changed one has its turn at once', async () => {
  const { world, settled, waiting, until } = startSettling([group('a'), group('b')])
  await until('settled', () => settled.length === 2)
  waiting.push({ account: 'a', groups: [] }, { account: 'b', groups: [group('b', { key: 'b changed' })] })
  await until('settled', () => settled.length === 3)
  world.nowMs = 2 * dayMs + 1_000
  await until('settled', () => settled.length === 4)
  world.nowMs = 2 * dayMs + 30_000
  await until('settled', () => settled.length === 5)
  expect(settled.slice(2).map(({ id }) => id)).toEqual(['b', 'b', 'b'])
})

test('a group that fails is tried again and keeps no other from its turn', async () => {
  const { world, settled, counts, until } = startSettling([group('a'), group('b')])
  world.fails = 'a'
  await until('settled', () => settled.length >= 1)
  await until('counted', () => (counts.get('pack_settling_failures_total') ?? 0) > 0)
  expect(settled.map(({ id }) => id)).toEqual(['b'])
  world.fails = ''
  world.nowMs += 1_000
  await until('settled', () => settled.some(({ id }) => id === 'a'))
})

test('nothing is settled while the ledger is behind, and a partition is drained once for all of its groups', async () => {
  const { world, settled, drains, until } = startSettling([group('a'), group('b'), group('c')], { isEmpty: false })
  // The third has its turn although the first two wait.
  await until('drained', () => drains.length === 2)
  world.isEmpty = true
  world.nowMs += 2_000
  await until('settled', () => settled.length === 3)
  expect(settled.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  expect(drains.length).toBe(4)
})

test('a partition that cannot be drained is asked once, not for each of its groups', async () => {
  const { world, settled, drains, counts, until } = startSettling([group('a'), group('b')], { fails: 'drain' })
  await until('counted', () => counts.get('pack_settling_failures_total') === 1)
  expect([drains.length, settled.length]).toEqual([1, 0])
  world.fails = ''
  world.nowMs += 1_000
  await until('settled', () => settled.length === 2)
})
