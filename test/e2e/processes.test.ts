import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../../demo/caller.ts'
import { pipVersions } from '../../demo/installers.ts'
import type { World } from '../../demo/world.ts'
import { isRunning } from '../support/is-running.ts'
import { addAccount } from '../support/people.ts'
import { startLoad } from '../support/steady-load.ts'
import { createWorld } from '../support/world.ts'

let world: World
let token: string

beforeAll(async () => {
  world = await createWorld({
    store: 'redis',
    processes: 2,
    // Patient, because the machine may be busy with anything; what is asked here is what a process's end costs.
    authorizeMsMax: 4_000,
    // As operators have it: Envoy sees NOT_SERVING after two health checks of a second.
    settings: { TOLLGATE_DRAIN_MS: '3000', TOLLGATE_CHECK_MS_MAX: '3000' },
  })
  await world.sql('DELETE FROM tollgate.limit_rule')
  await world.sql(`SELECT tollgate.confirm_emptied('limit_rule')`)
  token = await addAccount(world, 'steady')
})

afterAll(() => world.stop())

/** Pids of the serving processes by name, as the supervisor's log tells them. */
async function servingPids(): Promise<readonly number[]> {
  const metrics = await (await fetch(`${world.tollgate.opsUrl}/metrics`)).text()
  const names = new Set([...metrics.matchAll(/^tollgate_policy_version\{process="(\d+)"\}/gm)].map(([, name]) => name))
  const ready = readFileSync(world.logFile, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"event":"process_ready"'))
    .map((line) => JSON.parse(line) as { readonly process: string; readonly pid: number })
  const latest = new Map(ready.map(({ process, pid }) => [process, pid]))
  return [...names].map((name) => latest.get(name ?? '') ?? 0)
}

async function untilReady(): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if ((await fetch(`${world.tollgate.opsUrl}/readyz`)).status === 200) return
    await delay(50)
  }
  throw new Error(await (await fetch(`${world.tollgate.opsUrl}/readyz`)).text())
}

function index(): Promise<{ readonly status: number }> {
  return call({ url: `${world.baseUrl}/simple/fig/`, token })
}

test('one ops listener answers for both: metrics told apart, both serve', async () => {
  await untilReady()
  const metrics = await (await fetch(`${world.tollgate.opsUrl}/metrics`)).text()
  for (const process of ['supervisor', '0', '1'])
    expect(metrics).toContain(`tollgate_policy_version{process="${process}"}`)
  expect(metrics).toMatch(/^tollgate_serving_processes\{process="0"\} 2$/m)
  expect(metrics.match(/^# HELP tollgate_policy_version /gm)).toHaveLength(1)
})

/** A file of the mirror, whose download is booked by what the access log says of it. */
async function fileUrl(): Promise<string> {
  const page = await call({ url: `${world.baseUrl}/simple/fig/`, token, headers: { accept: 'text/html' } })
  const [, href = ''] = /href="([^"#]+)/.exec(page.body) ?? []
  return new URL(href, `${world.baseUrl}/simple/fig/`).href
}

test('SIGTERM of one of two processes under steady load loses no request and no charge, and another takes its place', async () => {
  const [victim = 0] = await servingPids()
  const url = await fileUrl()
  const load = startLoad(() => call({ url, token }), { everyMs: 15 })
  await delay(1_000)
  process.kill(victim, 'SIGTERM')
  await expect.poll(() => isRunning(String(victim)), { timeout: 15_000 }).toBe(false)
  await untilReady()
  await delay(1_000)
  const { asked, others } = await load.stop()
  const booked = async () =>
    (
      await world.sql(`SELECT count(*)::int AS entries, count(*) FILTER (WHERE state = 'final' AND outcome = 'delivered')::int AS final
        FROM tollgate.usage_entry WHERE account = 'steady' AND kind = 'artifact'`)
    )[0]
  await expect.poll(booked, { timeout: 5_000 }).toEqual({ entries: asked, final: asked })
  console.log(`SIGTERM of one of two: ${asked} requests, ${others.length} not 200, all booked by their log entries`)
  expect(others).toEqual([])
  expect(asked).toBeGreaterThan(150)
  expect(await servingPids()).not.toContain(victim)
})

test('kill -9 of one of two processes fails no install; what single requests it cost is printed', async () => {
  const [, victim = 0] = await servingPids()
  const load = startLoad(index, { everyMs: 15 })
  const installs = [
    world.installers.pip(pipVersions[0], { indexUrl: world.indexUrl(token), packages: ['fruit-salad'] }),
    world.installers.uv({ indexUrl: world.indexUrl(token), packages: ['fruit-salad'] }),
  ]
  await delay(600)
  process.kill(victim, 'SIGKILL')
  const installed = await Promise.all(installs)
  await untilReady()
  const { asked, others } = await load.stop()
  console.log(`kill -9 of one of two: ${asked} requests, ${others.length} not 200 (${others.join(' ')}), 2 installs`)
  expect(installed.map(({ code }) => code)).toEqual([0, 0])
  // Those in its hands at that moment, each answered 503; everything is served again.
  expect(others.every((status) => status === 503)).toBe(true)
  expect((await index()).status).toBe(200)
})

test('SIGHUP renews both, one after the other, and loses no request', async () => {
  const before = await servingPids()
  const load = startLoad(index, { everyMs: 25 })
  process.kill(world.tollgate.pid, 'SIGHUP')
  for (const pid of before) await expect.poll(() => isRunning(String(pid)), { timeout: 20_000 }).toBe(false)
  await untilReady()
  const { asked, others } = await load.stop()
  console.log(`SIGHUP: ${asked} requests, ${others.length} not 200`)
  expect(others).toEqual([])
})

test('the supervisor ends by SIGTERM with exit code 0 and takes both with it', async () => {
  const pids = await servingPids()
  process.kill(world.tollgate.pid, 'SIGTERM')
  expect(await world.tollgate.ended).toBe(0)
  expect(pids.map((pid) => isRunning(String(pid)))).toEqual([false, false])
})
