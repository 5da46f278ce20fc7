import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, untilReply } from '../../demo/caller.ts'
import { leaveDownload } from '../../demo/slow-download.ts'
import { untilStatusShows } from '../../demo/status.ts'
import { checksOf } from '../../demo/step.ts'
import { fileUrl } from '../../demo/steps/leave-download.ts'
import type { World } from '../../demo/world.ts'
import { addAccount, setDailyQuota } from '../support/people.ts'
import { createWorld } from '../support/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld({ store: 'redis' })
})

afterAll(() => world.stop())

test('a burst over the rate gets 429 with whole seconds in Retry-After, and pip recovers by itself', async () => {
  const token = await addAccount(world, 'grace')
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every, applies_to_account)
     VALUES ('grace-slow', 'e2e-slow', 'rate', 'requests', 5, 5, '1 second', 'grace')`,
  )
  await untilStatusShows(world, token, '"e2e-slow"')
  const url = `${world.baseUrl}/simple/fig/`
  const replies = await Promise.all(Array.from({ length: 30 }, () => call({ url, token })))
  const refused = replies.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThanOrEqual(10)
  expect(new Set(refused.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['1']))
  const before = await checksOf(world)
  const run = await world.installers.pip('26.3', { indexUrl: world.indexUrl(token), packages: ['fruit-salad'] })
  expect(run.text).toContain('Successfully installed')
  expect((await checksOf(world)).denied).toBeGreaterThan(before.denied)
})

test('a raised quota lets the next request pass within a second, and what was used stays used', async () => {
  const token = await addAccount(world, 'heidi')
  await setDailyQuota(world, 'heidi', 5)
  await untilStatusShows(world, token, '"e2e-daily"')
  const url = await fileUrl(world, token, 'fig')
  expect((await call({ url, token })).status).toBe(200)
  expect((await call({ url, token })).status).toBe(403)
  await setDailyQuota(world, 'heidi', 100)
  const { durationMs } = await untilReply({ url, token }, ({ status }) => status === 200, 5_000)
  expect(durationMs).toBeLessThan(1_000)
  const status = await call({ url: `${world.baseUrl}/quota/status`, token })
  expect(JSON.parse(status.body)).toMatchObject({ used: 10, limit: 100, limit_name: 'e2e-daily' })
})

test('a download left half way is charged for the bytes that were sent, and the ledger says the same', async () => {
  const token = await addAccount(world, 'ivan')
  await setDailyQuota(world, 'ivan', 1_000)
  await untilStatusShows(world, token, '"e2e-daily"')
  const url = await fileUrl(world, token, 'watermelon')
  const read = { bytesPerSecondMax: 5_000_000, leaveAfterBytes: 10_000_000 }
  const receivedBytes = await leaveDownload({ url, token, ...read })
  const booked = async () =>
    (
      await world.sql(
        `SELECT * FROM tollgate.usage_entry WHERE account = 'ivan' AND kind = 'artifact' AND state = 'final'`,
      )
    )[0]
  await expect.poll(booked, { timeout: 15_000 }).toBeDefined()
  const row = (await booked()) ?? {}
  const bytes = Number(row['bytes'])
  expect(bytes).toBeGreaterThanOrEqual(receivedBytes)
  expect(bytes).toBeLessThanOrEqual(receivedBytes + 10_000_000)
  expect(row).toMatchObject({ resource: 'watermelon', outcome: 'aborted', unsettled: false })
  expect(Number(row['credits'])).toBe(Math.ceil(bytes / 1_000) / 1_000)
  const status = await call({ url: `${world.baseUrl}/quota/status`, token })
  expect(JSON.parse(status.body)).toMatchObject({ used: Math.ceil(Number(row['credits'])) })
})
