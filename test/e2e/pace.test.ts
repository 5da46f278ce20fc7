import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../../demo/caller.ts'
import { untilStatusShows } from '../../demo/status.ts'
import type { World } from '../../demo/world.ts'
import { metricsOf } from '../support/metrics.ts'
import { orchard } from '../support/orchard.ts'
import { lockWithPdm } from '../support/pdm.ts'
import { addAccount } from '../support/people.ts'
import { createWorld } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld({ store: 'redis', wheels: orchard() })
  await world.sql('DELETE FROM tollgate.limit_rule')
  await world.sql(`SELECT tollgate.confirm_emptied('limit_rule')`)
})

afterAll(() => world.stop())

/** An account of its own under one rate on packages, held as long as is the default; answers its token. */
async function rated(account: string, burst: number, perSecond: number): Promise<string> {
  const token = await addAccount(world, account)
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, surface, amount, burst, every, applies_to_account)
     VALUES ($1, $1, 'rate', 'requests', 'pypi', $2, $3, '1 second', $4)`,
    [`${account}-rate`, perSecond, burst, account],
  )
  await untilStatusShows(world, token, `"${account}-rate"`)
  return token
}

test('pdm lock, which gives up at the first refusal, passes a bucket of 20 with 10 a second', async () => {
  const token = await rated('pdm', 20, 10)
  const before = await metricsOf(world)
  const { installers, folder } = world
  const run = await lockWithPdm({ installers, folder, indexUrl: world.indexUrl(token), requirement: 'orchard' })
  const after = await metricsOf(world)
  const asked = after.sum('tollgate_checks_total') - before.sum('tollgate_checks_total')
  const held = after.sum('tollgate_check_held_seconds_count') - before.sum('tollgate_check_held_seconds_count')
  console.log(`pdm lock: ${Math.round(run.durationMs)} ms, ${asked} checks, ${held} held`)
  expect(run.text).toContain('Lock successful')
  expect(run.code).toBe(0)
  // Otherwise the bucket was never met, and nothing was shown.
  expect(held).toBeGreaterThan(0)
  expect(
    after.sum('tollgate_checks_total', 'reason="rate"') - before.sum('tollgate_checks_total', 'reason="rate"'),
  ).toBe(0)
})

test('ten uv at once on one token pass a bucket of 300 with 50 a second', async () => {
  const token = await rated('uv', 300, 50)
  const before = await metricsOf(world)
  const install = { indexUrl: world.indexUrl(token), packages: ['orchard'] }
  const runs = await Promise.all(Array.from({ length: 10 }, () => world.installers.uv(install)))
  const after = await metricsOf(world)
  const count = (name: string, label = ''): number => after.sum(name, label) - before.sum(name, label)
  console.log(
    `ten uv: ${Math.round(Math.max(...runs.map(({ durationMs }) => durationMs)))} ms, ${count('tollgate_checks_total')} checks, ${count('tollgate_check_held_seconds_count')} held, ${count('tollgate_checks_total', 'reason="rate"')} refused`,
  )
  for (const { text, code } of runs) {
    expect(text).toContain('Installed 31 packages')
    expect(code).toBe(0)
  }
  expect(count('tollgate_check_held_seconds_count')).toBeGreaterThan(100)
})

test('a client that leaves while it is held gives everything back, through Envoy', async () => {
  const token = await rated('leaver', 1, 1)
  const url = `${world.baseUrl}/simple/orchard/`
  const before = await metricsOf(world)
  const left = async (): Promise<number> => {
    const after = await metricsOf(world)
    return after.sum('tollgate_checks_undelivered_total') - before.sum('tollgate_checks_undelivered_total')
  }
  expect((await call({ url, token })).status).toBe(200)
  const leaving = new AbortController()
  const headers = { authorization: `Bearer ${token}` }
  const asked = [1, 2].map(() => fetch(url, { headers, signal: leaving.signal }).catch(() => 'left'))
  await expect.poll(async () => (await metricsOf(world)).sum('tollgate_checks_held')).toBeGreaterThan(0)
  leaving.abort()
  expect(await Promise.all(asked)).toContain('left')
  await expect.poll(left, { timeout: 5_000 }).toBeGreaterThan(0)
  await expect.poll(async () => (await metricsOf(world)).sum('tollgate_checks_held')).toBe(0)
})
