import { expect, test, vi } from 'vitest'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'
import { createSweeper } from '../../../src/usage/sweeper.ts'

test('the sweeper goes on at once while a sweep is full, counts what it booked, survives failures and never sweeps late', async () => {
  const answers = [10, 10, 3]
  const sweeps: number[] = []
  const broke: number[] = []
  let booked = 0
  let failures = 0
  const observer: Observer = {
    ...silentObserver,
    count(metric, _labels, by = 1) {
      if (metric === 'reservations_expired_total') booked += by
      if (metric === 'sweeper_failures_total') failures += 1
    },
  }
  const sweeper = createSweeper({
    async expire({ notAfterMs, brokeAtMs }) {
      sweeps.push(notAfterMs)
      broke.push(brokeAtMs)
      if (sweeps.length === 1) throw new Error('away')
      return answers[sweeps.length - 2] ?? 0
    },
    nowMs: () => 5_000,
    observer,
    brokeAtMs: async () => 4_000 + sweeps.length,
    everyMs: 5,
    countMax: 10,
  })
  sweeper.start()
  await vi.waitFor(() => expect(booked).toBe(23))
  await sweeper.stop()
  expect(failures).toBe(1)
  expect(sweeps.slice(0, 4)).toEqual([6_000, 6_000, 6_000, 6_000])
  // Asked anew before each sweep.
  expect(broke.slice(0, 4)).toEqual([4_000, 4_001, 4_002, 4_003])
})

test('the sweeper waits while it is not known what broke, but not for ever', async () => {
  const broke: number[] = []
  let asked = 0
  const sweeper = createSweeper({
    async expire({ brokeAtMs }) {
      broke.push(brokeAtMs)
      return 0
    },
    nowMs: () => 5_000,
    observer: silentObserver,
    async brokeAtMs() {
      asked += 1
      return asked === 3 ? 4_000 : Number.POSITIVE_INFINITY
    },
    everyMs: 1,
    countMax: 10,
  })
  sweeper.start()
  await vi.waitFor(() => expect(broke.length).toBeGreaterThan(3))
  await sweeper.stop()
  // Not known yet: books. Known once: waits three times before it books unknown again.
  const unknown = Number.POSITIVE_INFINITY
  expect(broke.slice(0, 4)).toEqual([unknown, unknown, 4_000, unknown])
  expect(asked).toBeGreaterThanOrEqual(7)
})
