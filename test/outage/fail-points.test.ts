import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FailPoint, failPoints } from '../support/fail-points.ts'
import { printTable } from './support/table.ts'
import { dieAt, inFlightMin, type Outcome, runTrial, type TrialWorld } from './support/trial.ts'
import { startTrialWorld } from './support/trial-world.ts'

let world: TrialWorld & AsyncDisposable
const outcomes: Outcome[] = []

beforeAll(async () => {
  world = await startTrialWorld()
})

afterAll(async () => {
  printTable(outcomes)
  await world[Symbol.asyncDispose]()
})

const points = failPoints.filter((point) => !point.startsWith('expir'))

describe.each(points)('killed at: %s', (point: FailPoint) => {
  test.each([1, 7, 20])('the %ith time', async (times) => {
    const few = ['trimming', 'trimmed', 'figures', 'seeding', 'seeded'].includes(point) ? 1 : times
    const outcome = await runTrial(world, { point, strike: dieAt(world, point, few) })
    outcomes.push(outcome)
    expect(outcome.inFlight).toBeGreaterThanOrEqual(inFlightMin)
    expect(outcome.lost).toEqual([])
    expect(outcome.doubled).toEqual([])
    expect(outcome.differing).toEqual([])
  })
})
