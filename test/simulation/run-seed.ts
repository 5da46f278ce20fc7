import type { Violation } from './judge.ts'
import { mishaps } from './mishaps.ts'
import { Random } from './random.ts'
import { drawRequest } from './request.ts'
import { drawScenario, type Mishap } from './scenario.ts'
import { installTimers } from './scheduler.ts'
import { isAtRest, judgeCounters, judgeEnd } from './verdict.ts'
import { World } from './world.ts'

export interface SeedOptions {
  readonly isDense: boolean
  /** What goes wrong, instead of everything that can; then always something does. */
  readonly stress?: readonly Mishap[] | undefined
  readonly trace?: (line: string) => void
}

export interface SeedResult {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly requests: number
  readonly admissions: number
  readonly steps: number
  /** Of every step, in order: two runs of one seed have the same. */
  readonly digest: number
}

const sampleMs = 2_000
const quietMsMax = 36_000
const restMs = 2_000

/** One run, all of it decided by the seed. */
export async function runSeed(seed: number, options: SeedOptions): Promise<SeedResult> {
  const random = new Random(seed)
  const scenario = drawScenario(random, options)
  let digest = 0
  const world = new World(random, scenario, (line) => {
    for (let index = 0; index < line.length; index += 1) digest = (Math.imul(digest, 31) + line.charCodeAt(index)) | 0
    options.trace?.(line)
  })
  const restore = installTimers(world.scheduler)
  try {
    plan(world)
    await world.scheduler.runUntil(world.scheduler.nowMs + scenario.busyMs * 1.4)
    world.heal()
    await rest(world)
    judgeEnd({ ...world, judge: world.judge, spooled: world.spooled })
  } catch (error) {
    world.judge.accuse('crash', error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    restore()
  }
  const { judge, scheduler, requests } = world
  return {
    seed,
    violations: judge.violations,
    requests: requests.size,
    admissions: judge.admissions,
    steps: scheduler.steps,
    digest,
  }
}

/** Until nothing moves any more; what has not come to rest by then never will. */
async function rest(world: World): Promise<void> {
  const { scheduler, server, database } = world
  const untilMs = scheduler.nowMs + quietMsMax
  const isOver = (): boolean => {
    const isUnderway = [...world.requests.values()].some(({ lastEntry }) => lastEntry === 'underway')
    return !isUnderway && world.spooled === 0 && isAtRest(server, database)
  }
  do await scheduler.runUntil(scheduler.nowMs + restMs)
  while (scheduler.nowMs < untilMs && !isOver())
}

function plan(world: World): void {
  const { scheduler, scenario, random, policy, requests, judge, server, database } = world
  const { owner } = scheduler
  for (let slot = 0; slot < scenario.processes; slot += 1)
    scheduler.after(random.next() * 20, owner, () => world.startProcess(slot))
  for (let node = 0; node < scenario.envoys; node += 1) world.startEnvoy()
  for (let count = 0; count < scenario.requests; count += 1) {
    const request = drawRequest(random, `r${count}`, policy.people)
    requests.set(request.name, request)
    scheduler.after(100 + random.next() * scenario.busyMs, owner, () => {
      const serving = world.envoys.filter((envoy) => envoy.owner.alive)
      const envoy = random.pick(serving)
      envoy.serve(request)
    })
  }
  for (const { atMs, what } of scenario.mishaps) scheduler.after(100 + atMs, owner, () => mishaps[what](world))
  for (let atMs = sampleMs; atMs < scenario.busyMs * 1.4; atMs += sampleMs) {
    scheduler.after(atMs, owner, () => judgeCounters(judge, server, database))
  }
}
