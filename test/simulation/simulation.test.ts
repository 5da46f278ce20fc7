import { describe, expect, test } from 'vitest'
import { runSeed } from './run-seed.ts'
import { runSeeds, wordsOf } from './run-seeds.ts'

const seeds = 10_000
const workers = 2
const msMax = 240_000

describe('the charge protocol, simulated', () => {
  test(
    `holds its promises in ${seeds} seeded runs`,
    async () => {
      const each = seeds / workers
      const runs = await Promise.all(
        Array.from({ length: workers }, (_, worker) =>
          runSeeds({ from: 1 + worker * each, count: each, denseEvery: 200 }),
        ),
      )
      expect(runs.flatMap(({ failed }) => failed.map(wordsOf))).toEqual([])
      const sum = (of: 'seeds' | 'requests' | 'admissions'): number =>
        runs.reduce((total, { totals }) => total + totals[of], 0)
      expect(sum('seeds')).toBe(seeds)
      // Runs in which hardly anything passes would prove nothing.
      expect(sum('admissions')).toBeGreaterThan(sum('requests') / 3)
    },
    msMax,
  )

  test('runs the same from the same seed, step by step', async () => {
    for (const seed of [7, 8, 9]) {
      const first = await runSeed(seed, { isDense: false })
      expect(await runSeed(seed, { isDense: false })).toEqual(first)
    }
  })
})
