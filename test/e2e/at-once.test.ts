import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call } from '../../demo/caller.ts'
import { leaveDownload } from '../../demo/slow-download.ts'
import { untilStatusShows } from '../../demo/status.ts'
import { fileUrl } from '../../demo/steps/leave-download.ts'
import type { World } from '../../demo/world.ts'
import { createCheckClient } from '../rpc/support/check-client.ts'
import { addAccount } from '../support/people.ts'
import { createWorld } from '../support/world.ts'

/** What a slot may outlive its request by when nobody tells its end: three intervals of Envoy's periodic entries, and a second. */
const slotMsMax = 10_000
const watermelonBytes = 30_000_000

let world: World

beforeAll(async () => {
  world = await createWorld({ store: 'redis' })
  await world.sql('DELETE FROM tollgate.limit_rule')
  await world.sql(`SELECT tollgate.confirm_emptied('limit_rule')`)
})

afterAll(() => world.stop())

/** An account of its own that may have one request at once; answers its token. */
async function capped(account: string): Promise<string> {
  const token = await addAccount(world, account)
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, applies_to_account)
     VALUES ($1, $1, 'concurrency', 'in_flight', 1, $2)`,
    [`${account}-cap`, account],
  )
  await untilStatusShows(world, token, `"${account}-cap"`)
  return token
}

/** A download that takes `durationMs`; resolves when it is under way. */
async function startDownload(token: string, durationMs: number): Promise<{ readonly done: Promise<number> }> {
  const url = await fileUrl(world, token, 'watermelon')
  // Until the end of the index page is known.
  await delay(1_000)
  const before = world.mirror.requests().length
  const bytesPerSecondMax = (watermelonBytes * 1_000) / durationMs
  const done = leaveDownload({ url, token, bytesPerSecondMax, leaveAfterBytes: Number.POSITIVE_INFINITY })
  const isAsked = () =>
    world.mirror
      .requests()
      .slice(before)
      .some((request) => request.url.includes('watermelon'))
  await Promise.race([expect.poll(isAsked, { timeout: 10_000 }).toBe(true), done])
  return { done }
}

describe.concurrent('a cap of one request at once', () => {
  test('200 requests of one client, each sent when the one before has ended, all pass', async ({ expect }) => {
    const token = await capped('serial')
    const url = await fileUrl(world, token, 'fig')
    const startedMs = performance.now()
    const statuses: number[] = []
    for (let nth = 0; nth < 200; nth += 1) statuses.push((await call({ url, token })).status)
    console.log(`200 requests at cap 1: ${((performance.now() - startedMs) / 200).toFixed(0)} ms each`)
    expect(statuses.filter((status) => status !== 200)).toEqual([])
  }, 180_000)

  test('while a download lasts the next request is refused, however long it takes, and passes when it has ended', async ({
    expect,
  }) => {
    const token = await capped('parallel')
    const url = await fileUrl(world, token, 'fig')
    const download = await startDownload(token, 14_000)
    // Longer than a slot lives that nobody renews.
    await delay(slotMsMax + 500)
    const refused = await call({ url, token })
    expect(refused.status).toBe(429)
    expect(refused.headers['retry-after']).toBe('1')
    expect(refused.body).toContain('1 of 1 request at once under way')
    expect(await download.done).toBeGreaterThanOrEqual(watermelonBytes)
    expect((await call({ url, token })).status).toBe(200)
  })
})

test('a slot is free when the access log is cut in the middle of a download', async () => {
  const token = await capped('cut')
  const download = await startDownload(token, 60_000)
  const broken = download.done.catch(() => 0)
  await world.envoy.kill()
  const cutMs = performance.now()
  await broken
  const client = createCheckClient(`unix:${world.settings['TOLLGATE_GRPC_SOCKET']}`, { timeoutMs: 4_000 })
  const ask = { token, path: '/packages/aa/bb/fig-0.1-py3-none-any.whl', extensions: { upstream: 'mirror' } }
  expect((await client.check(ask)).status).toBe(429)
  await expect.poll(async () => (await client.check(ask)).allowed, { timeout: 30_000 }).toBe(true)
  const tookMs = performance.now() - cutMs
  client.close()
  console.log(`the slot was free ${(tookMs / 1_000).toFixed(1)} s after the log was cut`)
  expect(tookMs).toBeLessThan(slotMsMax + 2_000)
})
