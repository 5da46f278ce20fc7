import { expect, test } from 'vitest'
import { Fault } from '../../../src/core/fault.ts'
import { createPolicyKeeper } from '../../../src/policy/keeper.ts'
import type { Clock, PolicyDatabase, PolicyHead, RawRow } from '../../../src/policy/ports.ts'
import { type Observer, silentObserver } from '../../../src/telemetry/observer.ts'

/** Time passes only by `pass()`; a sleeper wakes when its time has come. */
function createFakeClock(): Clock & { pass(ms: number): Promise<void> } {
  let now = 0
  const sleepers = new Set<() => void>()
  return {
    nowMs: () => now,
    sleep(ms, signal) {
      const until = now + ms
      return new Promise((resolve) => {
        const wake = (): void => {
          if (now < until && !signal.aborted) return
          sleepers.delete(wake)
          resolve()
        }
        sleepers.add(wake)
        signal.addEventListener('abort', wake)
        wake()
      })
    },
    async pass(ms) {
      now += ms
      for (const wake of [...sleepers]) wake()
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    },
  }
}

/** A database that can be away; its doorbell is silent unless `ring` is called. */
function createFakeDatabase() {
  const plans = new Map<string, RawRow>([['free', { id: 'free', token_days_max: 7, bridge_percent: 0 }]])
  const state = { isAway: true, version: 1, ring: (): void => undefined, breakLine: (): void => undefined, listens: 0 }
  const away = (): never => {
    throw new Fault('policy_unavailable', 'PostgreSQL does not answer')
  }
  const head = (): PolicyHead => (state.isAway ? away() : { history: 'h', version: state.version, emptied: [] })
  const database: PolicyDatabase = {
    async listen(onRing) {
      state.listens += 1
      if (state.isAway) away()
      const broken = Promise.withResolvers<void>()
      state.ring = onRing
      state.breakLine = broken.resolve
      return { broken: broken.promise, prove: async () => undefined, close: async () => undefined }
    },
    async readAll(take) {
      const answer = head()
      take({ table: 'plan', rows: [...plans.values()] })
      return answer
    },
    async readChanges({ version }) {
      const answer = head()
      if (answer.version === version) return { ...answer, touched: [] }
      return { ...answer, touched: [{ table: 'plan', ids: [...plans.keys()], rows: [...plans.values()] }] }
    },
    readFormer: async () => [],
    readLost: async () => undefined,
    close: async () => undefined,
  }
  const change = (days: number): void => {
    plans.set('free', { id: 'free', token_days_max: days, bridge_percent: 0 })
    state.version += 1
  }
  return { database, state, change }
}

function createWorld() {
  const told: string[] = []
  const observer: Observer = { ...silentObserver, warn: (event) => void told.push(event) }
  const clock = createFakeClock()
  const fake = createFakeDatabase()
  const keeper = createPolicyKeeper({ database: fake.database, observer, clock })
  const days = (): number | undefined => keeper.current()?.plan('free')?.tokenDaysMax
  return { ...fake, told, clock, keeper, days }
}

test('createPolicyKeeper() waits for a database that is away at the start, and says so', async () => {
  const { keeper, clock, state, told, days } = createWorld()
  await clock.pass(1)
  expect(keeper.current()).toBeUndefined()
  expect(keeper.status()).toEqual({ version: undefined, ageMs: undefined, listening: false })
  expect(told).toContain('policy_waiting')
  state.isAway = false
  for (let turn = 0; turn < 5; turn += 1) await clock.pass(5_000)
  await keeper.ready
  expect(days()).toBe(7)
  expect(keeper.status().listening).toBe(true)
  await keeper.stop()
})

test('createPolicyKeeper() keeps the last policy in force while the database is away, and says how old it is', async () => {
  const { keeper, clock, state, change, days, told } = createWorld()
  state.isAway = false
  for (let turn = 0; turn < 3; turn += 1) await clock.pass(5_000)
  await keeper.ready
  change(8)
  state.ring()
  await clock.pass(0)
  expect(days()).toBe(8)
  state.isAway = true
  change(9)
  const saidBefore = told.length
  state.breakLine()
  for (let turn = 0; turn < 4; turn += 1) await clock.pass(5_000)
  expect(days()).toBe(8)
  expect(keeper.status()).toMatchObject({ version: 2, listening: false })
  expect(keeper.status().ageMs).toBeGreaterThanOrEqual(15_000)
  expect(told).toContain('policy_stale')
  // That the connection closed, and that no other could be opened.
  expect(told.slice(saidBefore).filter((event) => event === 'policy_doorbell_lost')).toHaveLength(2)
  state.isAway = false
  for (let turn = 0; turn < 3; turn += 1) await clock.pass(5_000)
  expect(days()).toBe(9)
  expect(keeper.status().listening).toBe(true)
  await keeper.stop()
})

test('createPolicyKeeper() polls a silent doorbell, and tells every listener of each change once', async () => {
  const { keeper, clock, state, change, days } = createWorld()
  state.isAway = false
  for (let turn = 0; turn < 3; turn += 1) await clock.pass(5_000)
  const versions: number[] = []
  keeper.onChange(() => {
    throw new Error('A listener that fails harms nobody else')
  })
  const unsubscribe = keeper.onChange((snapshot) => versions.push(snapshot.version))
  change(10)
  await clock.pass(499)
  expect(days()).toBe(7)
  await clock.pass(1)
  expect(days()).toBe(10)
  await clock.pass(500)
  unsubscribe()
  change(11)
  await clock.pass(500)
  expect(versions).toEqual([2])
  await keeper.stop()
})
