import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findingsOf } from '../support/three-books.ts'
import type { Posture } from './support/callers.ts'
import { seedOfRun, spoilRounds } from './support/length.ts'
import { createRandom } from './support/random.ts'
import { type Spoil, spoils } from './support/spoil.ts'
import { printTable } from './support/table.ts'
import { inFlightMin, type Outcome, runTrial, type TrialWorld } from './support/trial.ts'
import { startTrialWorld } from './support/trial-world.ts'

let world: TrialWorld & AsyncDisposable
const outcomes: Outcome[] = []
const postures: readonly Posture[] = ['deny', 'allow', 'local']

const rounds = Array.from({ length: spoilRounds }, () => spoils).flat()
const trials = rounds.map((spoil, index) => {
  const seed = seedOfRun + index
  return { ...spoil, posture: spoil.posture ?? postures[seed % postures.length] ?? 'deny', seed }
})

beforeAll(async () => {
  world = await startTrialWorld({ isExact: true })
})

afterAll(async () => {
  printTable(outcomes)
  await world[Symbol.asyncDispose]()
})

test.each(trials)('$name (posture $posture, seed $seed): nothing is lost, nothing doubled', async (trial) => {
  const outcome = await runTrial(world, { ...trial, point: trial.name, strike: atRandom(trial) })
  outcomes.push(outcome)
  expect(outcome.inFlight).toBeGreaterThanOrEqual(inFlightMin)
  expect([...findingsOf(outcome), ...outcome.differing]).toEqual([])
})

/** Within half a second of the load, and what is in flight is counted right before. */
function atRandom({ run, seed }: Spoil & { readonly seed: number }) {
  const random = createRandom(seed)
  return async (): Promise<number> => {
    await delay(random() * 500)
    const inFlight = await world.lookout.inFlight()
    await run(world, random)
    return inFlight
  }
}
