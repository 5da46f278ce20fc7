import { describe, expect, test } from 'vitest'
import { runSeeds, wordsOf } from '../simulation/run-seeds.ts'
import { patched } from './patch.ts'
import { mutants } from './table.ts'

const seedsMax = 2_000
const denseEvery = 2
const msMax = 120_000

describe('the simulation', () => {
  test('has at least 20 faults to find, each in code that is still there', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(20)
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
    for (const mutant of mutants)
      for (const { file } of mutant.patches) expect(() => patched(mutant, file)).not.toThrow()
  })

  describe.concurrent('finds the planted fault', { concurrent: true }, () => {
    test.each(mutants)(
      '$name',
      async ({ name, stress, breaks }) => {
        const asked = { from: 1, count: seedsMax, denseEvery, stopAtFirst: true, ...(stress && { stress }) }
        const planted = await runSeeds({ ...asked, mutant: name })
        const [found] = planted.failed
        expect(found, `not found in ${seedsMax} seeds, though it breaks: ${breaks}`).toBeDefined()
        // What fails without the fault too has found something else.
        const sound = await runSeeds({ ...asked, from: found?.seed ?? 1, count: 1 })
        expect(sound.failed.map(wordsOf)).toEqual([])
      },
      msMax,
    )
  })
})
