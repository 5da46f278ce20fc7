import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditBooks, findingsOf } from '../support/three-books.ts'
import { bookedOf } from './support/books-of.ts'
import type { Caller } from './support/callers.ts'
import { frozenMs, goneMs } from './support/length.ts'
import { untilQuiet } from './support/quiet.ts'
import { type Asked, latencies, type SteadyLoad, startSteadyLoad } from './support/steady.ts'
import type { TrialWorld } from './support/trial.ts'
import { startTrialWorld } from './support/trial-world.ts'
import { differencesWhenWarm } from './support/when-warm.ts'

let world: TrialWorld & AsyncDisposable

beforeAll(async () => {
  world = await startTrialWorld({ isExact: false })
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
})

/** Tollgate answers long before; the rest is for a client that shares two cores with everything else. */
const timeoutMs = 3_000
const calmMs = 1_500
/** What a time-out and the breaker need to find that nobody answers. */
const noticedMs = 300

test('Redis stands still at 500 requests a second: each is answered by its posture, and the books are exact soon after', async () => {
  const { stage, lookout } = world
  const { deny, allow, local, all } = await threeCallers()
  const warmUp = startSteadyLoad({ address: stage.address, callers: all, perSecond: 100, timeoutMs })
  await delay(calmMs)
  await warmUp.stop()
  const from = warmUp.asked.length
  const load = startSteadyLoad({ address: stage.address, callers: all, perSecond: 500, timeoutMs, from })
  await delay(calmMs)
  const frozenAtMs = performance.now()
  const { pid } = stage.redis()
  process.kill(pid, 'SIGSTOP')
  try {
    await delay(frozenMs)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  const backAtMs = performance.now()
  await load.stop()
  await untilQuiet(lookout, stage.tollgate())
  const exactAfterMs = Math.round(performance.now() - backAtMs)
  const steady = latencies(load.asked, frozenAtMs + noticedMs, backAtMs)
  const calm = latencies(load.asked, 0, frozenAtMs)
  console.table({
    calm,
    frozen: latencies(load.asked, frozenAtMs, backAtMs),
    [`frozen, from ${noticedMs} ms on`]: steady,
  })
  console.log(`Redis stood still for ${frozenMs} ms; all was booked ${exactAfterMs} ms after it was back`)

  expect(failed(load)).toBe(0)
  const meanwhile = load.asked.filter(
    (one) => one.sentAtMs >= frozenAtMs + noticedMs && one.sentAtMs < backAtMs - noticedMs,
  )
  expectAnswers(meanwhile, [
    [deny, 503],
    [allow, 200],
    [local, 200],
  ])
  // Generous: the machine may be busy with other tests.
  expect(steady.p99).toBeLessThan(Math.max(250, 3 * calm.p99))
  expect(exactAfterMs).toBeLessThan(8_000)
  await expectExact([...warmUp.asked, ...load.asked], all)
})

test('PostgreSQL is gone: no request notices, and the books are complete when it is back', async () => {
  const { stage, lookout } = world
  const { all } = await threeCallers()
  const load = startSteadyLoad({ address: stage.address, callers: all, perSecond: 200, timeoutMs })
  await delay(calmMs)
  const goneAtMs = performance.now()
  await stage.servers.postgres.kill()
  await delay(goneMs)
  const unread = await lookout.streamed()
  await stage.servers.postgres.start()
  const backAtMs = performance.now()
  await load.stop()
  await untilQuiet(lookout, stage.tollgate())
  console.log(
    `PostgreSQL was gone for ${goneMs} ms, ${unread} charges waited, all was booked ${Math.round(performance.now() - backAtMs)} ms after it was back`,
    latencies(load.asked, goneAtMs, backAtMs),
  )
  expect(unread).toBeGreaterThan(goneMs / 10)
  expect(failed(load)).toBe(0)
  expectAnswers(
    load.asked,
    all.map((caller) => [caller, 200]),
  )
  await expectExact(load.asked, all)
})

test('both are gone when Tollgate starts: it serves by what it kept, and books when they are back', async () => {
  const { stage, lookout } = world
  const { deny, allow, local, all } = await threeCallers()
  const before = startSteadyLoad({ address: stage.address, callers: all, perSecond: 100, timeoutMs })
  await delay(500)
  await before.stop()
  await untilQuiet(lookout, stage.tollgate())
  // In order, so that its copy of the policy has everybody in it.
  await stage.tollgate().stop()
  await Promise.all(Object.values(stage.servers).map((server) => server.kill()))
  await stage.startTollgate()
  const load = startSteadyLoad({
    address: stage.address,
    callers: all,
    perSecond: 100,
    timeoutMs,
    from: before.asked.length,
  })
  await delay(1_000)
  await load.stop()
  expect(failed(load)).toBe(0)
  expectAnswers(load.asked, [
    [deny, 503],
    [allow, 200],
    [local, 200],
  ])
  await Promise.all(Object.values(stage.servers).map((server) => server.start()))
  await untilQuiet(lookout, stage.tollgate(), 40_000)
  await expectExact([...before.asked, ...load.asked], all)
})

async function threeCallers() {
  const { stage } = world
  const [deny, allow, local] = [await stage.caller('deny'), await stage.caller('allow'), await stage.caller('local')]
  return { deny, allow, local, all: [deny, allow, local] }
}

function failed(load: SteadyLoad): number {
  return load.asked.filter(({ hasFailed }) => hasFailed).length
}

/** All but what an overloaded machine may shed: 503, one in fifty. */
function expectAnswers(asked: readonly Asked[], expected: readonly (readonly [Caller, number])[]): void {
  for (const [{ account }, status] of expected) {
    const mine = asked.filter((one) => one.account === account)
    const others = mine.filter((one) => one.status !== status)
    expect([...new Set(others.map((one) => one.status))].filter((other) => other !== 503)).toEqual([])
    expect(mine.length).toBeGreaterThan(0)
    expect(others.length / mine.length).toBeLessThan(0.02)
  }
}

async function expectExact(asked: readonly Asked[], callers: readonly Caller[]): Promise<void> {
  const { pool } = world.stage
  for (const caller of callers) {
    const mine = asked.filter(({ account }) => account === caller.account)
    const audit = auditBooks(mine, await bookedOf(pool, caller.account))
    expect(findingsOf(audit)).toEqual([])
    expect(audit.unsettled.length).toBe(0)
    expect(await differencesWhenWarm(world, caller)).toEqual([])
  }
}
