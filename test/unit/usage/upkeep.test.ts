import { expect, test, vi } from 'vitest'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { createHeat, heatsOf } from '../../../src/usage/heat.ts'
import { type BooksUpkeep, upkeepSteps } from '../../../src/usage/ports.ts'
import { createUpkeep } from '../../../src/usage/upkeep.ts'

const often = { everyMs: 60_000, restMs: 1, batchesMax: 3 }

test('createUpkeep() runs every step once, and one with more to do in bounded rounds until it is done', async () => {
  const calls: string[] = []
  let left = 7
  const books: BooksUpkeep = {
    async step(name) {
      calls.push(name)
      return name === 'drop_days' ? { done: 1, hasMore: --left > 0 } : { done: 0, hasMore: false }
    },
  }
  const { observer, counts } = counting()
  const upkeep = createUpkeep({ ...often, books, observer })
  upkeep.start()
  await vi.waitFor(() => expect(left).toBe(0))
  await upkeep.stop()
  expect(counts.get('ledger_days_dropped_total')).toBe(7)
  expect(calls.slice(0, 4)).toEqual(['add_days', 'drop_days', 'drop_days', 'drop_days'])
  expect(calls.filter((name) => name !== 'drop_days')).toEqual(upkeepSteps.filter((name) => name !== 'drop_days'))
})

test('createUpkeep() lets a step that fails keep no other from its turn, counts it and tries it again', async () => {
  const calls: string[] = []
  const books: BooksUpkeep = {
    async step(name) {
      calls.push(name)
      if (name === 'add_days' && calls.filter((one) => one === name).length < 3) throw new Error('locked')
      return 'busy'
    },
  }
  const { observer, counts } = counting()
  const upkeep = createUpkeep({ ...often, books, observer })
  upkeep.start()
  await vi.waitFor(() => expect(calls.filter((name) => name === 'add_days')).toHaveLength(3))
  await upkeep.stop()
  expect(counts.get('ledger_upkeep_failures_total')).toBe(2)
  expect(calls.filter((name) => name === 'heat')).toHaveLength(1)
})

test('createUpkeep() gives the other steps their turn again also while one fails for ever', async () => {
  const calls: string[] = []
  const books: BooksUpkeep = {
    async step(name) {
      calls.push(name)
      if (name === 'drop_days') throw new Error('usage_hour has nothing of it')
      return 'busy'
    },
  }
  const upkeep = createUpkeep({ ...often, restMs: 0, books, observer: silentObserver })
  upkeep.start()
  await vi.waitFor(() => expect(calls.filter((name) => name === 'add_days').length).toBeGreaterThan(2))
  await upkeep.stop()
  const failed = calls.filter((name) => name === 'drop_days').length
  expect(calls.filter((name) => name === 'heat').length).toBeLessThanOrEqual(1 + failed / 12)
})

test('createHeat() says normal until it has read, keeps the last reading while it cannot read, and reads again', async () => {
  let answer: 'hot' | 'away' | 'rare' = 'hot'
  const { observer, counts } = counting()
  const heat = createHeat({
    async read() {
      if (answer === 'away') throw new Error('away')
      return [{ surface: 'pypi', resource: 'torch', heat: answer }]
    },
    ...{ observer, everyMs: 1 },
  })
  const torch = () => heat.heatOf('pypi', 'torch')
  expect(torch()).toBe('normal')
  heat.start()
  await vi.waitFor(() => expect(torch()).toBe('hot'))
  answer = 'away'
  await vi.waitFor(() => expect(counts.get('heat_refresh_failures_total')).toBeGreaterThan(1))
  expect([torch(), heat.heatOf('gpu', 'torch'), heat.heatOf('pypi', 'numpy')]).toEqual(['hot', 'normal', 'normal'])
  answer = 'rare'
  await vi.waitFor(() => expect(torch()).toBe('rare'))
  await heat.stop()
  expect(heatsOf([]).heatOf('pypi', '')).toBe('normal')
})

function counting() {
  const counts = new Map<string, number>()
  const observer: Observer = {
    ...silentObserver,
    count(metric, _labels, by = 1) {
      counts.set(metric, (counts.get(metric) ?? 0) + by)
    },
  }
  return { observer, counts }
}
