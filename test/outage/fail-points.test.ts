import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FailPoint, failPoints } from '../support/fail-points.ts'
import { findingsOf } from '../support/three-books.ts'
import { killsPerPoint, seedOfRun } from './support/length.ts'
import { createRandom } from './support/random.ts'
import { printTable } from './support/table.ts'
import { dieAt, inFlightMin, type Outcome, runTrial, type TrialWorld } from './support/trial.ts'
import { startTrialWorld } from './support/trial-world.ts'

let world: TrialWorld & AsyncDisposable
const outcomes: Outcome[] = []

beforeAll(async () => {
  world = await startTrialWorld({ isExact: true })
})

afterAll(async () => {
  printTable(outcomes)
  await world[Symbol.asyncDispose]()
})

/** Not met by every request. */
const rareOnes = new Set<FailPoint>([
  'log read',
  'trimming',
  'trimmed',
  'figures',
  'seeding',
  'seeded',
  'expiring',
  'expired',
])
const random = createRandom(seedOfRun)
const trials = failPoints.flatMap((point) =>
  Array.from({ length: killsPerPoint }, () => ({
    point,
    times: rareOnes.has(point) ? 1 : 1 + Math.floor(random() * 25),
  })),
)

test.each(trials)(`killed at: $point, reached $times times (seed ${seedOfRun})`, async ({ point, times }) => {
  const outcome = await runTrial(world, { point, strike: dieAt(world, point, times) })
  outcomes.push(outcome)
  expect(outcome.inFlight).toBeGreaterThanOrEqual(inFlightMin)
  expect([...findingsOf(outcome), ...outcome.differing]).toEqual([])
})
