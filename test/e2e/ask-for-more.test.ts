import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, untilReply } from '../../demo/caller.ts'
import { statusOf, untilStatusShows } from '../../demo/status.ts'
import { fileUrl } from '../../demo/steps/leave-download.ts'
import type { World } from '../../demo/world.ts'
import { findFreePort } from '../../src/postgres/free-port.ts'
import { fileCredits, fixPrices, setDailyQuota, tomorrow } from '../support/people.ts'
import { callAt } from '../support/portal.ts'
import { startWebhookReceiver, type WebhookAlert, type WebhookReceiver } from '../support/receivers/webhook.ts'
import { createWorld } from '../support/world.ts'

/** fruit-salad and what it needs: eight files with their metadata, at five credits each. */
const installCredits = 80
const quota = 100
const asked = 200

let world: World
let hook: WebhookReceiver
let apiUrl: string

beforeAll(async () => {
  const port = await findFreePort()
  apiUrl = `http://127.0.0.1:${port}`
  hook = await startWebhookReceiver()
  world = await createWorld({ store: 'redis', settings: { TOLLGATE_PUBLIC_ADDRESS: `127.0.0.1:${port}` } })
  await fixPrices(world)
})

afterAll(async () => {
  await world.stop()
  await hook.close()
})

/** The first alert that has these fields, of those that have come or come within 10 s each. */
async function alertWith(wanted: Partial<WebhookAlert>): Promise<WebhookAlert> {
  for (let place = 0; ; place += 1) {
    const alert = (await hook.alertsOf(place + 1))[place]
    if (alert && Object.entries(wanted).every(([field, value]) => alert[field] === value)) return alert
  }
}

test('alice is warned at 80 %, refused at 100 %, asks, her lead approves, and her next install passes', async () => {
  const alice = await world.issueToken('alice')
  const carol = await world.issueToken('carol')
  await setDailyQuota(world, 'alice', quota)
  await world.sql(
    `INSERT INTO tollgate.alert_channel (id, kind, account, target, secret, private_target, types)
     VALUES ('alice-hook', 'webhook', 'alice', $1, $2, true, '{level,request_decided}')`,
    [hook.url, hook.secret],
  )
  await untilStatusShows(world, alice, '"e2e-daily"')
  const install = { indexUrl: world.indexUrl(alice), packages: ['fruit-salad'] }
  const called = (what: string, token: string, body?: unknown) =>
    callAt(apiUrl, what, { token, ...(body !== undefined && { body }) })

  const first = await world.installers.pip('26.3', install)
  expect(first.code, first.text).toBe(0)
  // 80 of 100: the receiver has verified the signature.
  const [warned] = await hook.alertsOf(1)
  expect(warned).toMatchObject({
    ...{ type: 'level', level: 'warning', percent: 80, limit: 'e2e-daily', user: 'alice', project: 'vision' },
    ...{ used_tokens: installCredits, total_quota: quota, reset_at: `${tomorrow()}T00:00:00Z` },
  })
  expect(hook.forged).toEqual([])

  const second = await world.installers.pip('26.3', install)
  expect(second.code).toBe(1)
  expect(second.text).toContain(`/-/denied/quota/daily/used-${quota}-of-${quota}/`)
  expect(await alertWith({ type: 'level', percent: 100 })).toMatchObject({ level: 'exhausted', used_tokens: quota })

  const wish = {
    limit: 'e2e-daily',
    amount: asked,
    until: `${tomorrow()}T00:00:00Z`,
    reason: 'The release is today',
  }
  const request = await called('POST /api/requests', alice, wish)
  expect(request).toMatchObject({ status: 201, body: { state: 'open', asked_by: 'alice' } })
  const { id } = request.body as { readonly id: string }
  expect(await called(`POST /api/requests/${id}/approve`, alice, {})).toMatchObject({ status: 403 })
  const open = await called('GET /api/requests?state=open', carol)
  expect((open.body as { readonly rows: readonly { readonly id: string }[] }).rows.map((row) => row.id)).toEqual([id])

  const approved = await called(`POST /api/requests/${id}/approve`, carol, { note: 'Good luck' })
  expect(approved).toMatchObject({ status: 200, body: { state: 'approved', decided_by: 'carol' } })
  const status = { url: `${world.baseUrl}/quota/status`, token: alice }
  const { durationMs } = await untilReply(status, ({ body }) => body.includes(`"limit":${quota + asked}`), 5_000)
  expect(durationMs).toBeLessThan(1_000)
  const third = await world.installers.pip('26.3', install)
  expect(third.code, third.text).toBe(0)
  expect(await statusOf(world, alice)).toMatchObject({ limit: quota + asked })

  expect(await alertWith({ type: 'request_decided' })).toMatchObject({ user: 'alice', project: 'vision' })
  expect(hook.forged).toEqual([])
  const audit = await world.sql(
    `SELECT by FROM tollgate.policy_change WHERE table_name = 'grant' AND new ->> 'account' = 'alice'`,
  )
  expect(audit).toEqual([{ by: 'carol' }])
})

test('a pack that is given to bob lets him on within a second, and is spent before his own', async () => {
  const bob = await world.issueToken('bob')
  await setDailyQuota(world, 'bob', fileCredits)
  await world.sql(
    `INSERT INTO tollgate.pack (id, limit_name, amount, lasts) VALUES ('e2e-day', 'e2e-daily', 45, 'day')`,
  )
  await untilStatusShows(world, bob, '"e2e-daily"')
  const file = { url: await fileUrl(world, bob, 'fig'), token: bob }
  expect((await call(file)).status).toBe(200)
  expect((await call(file)).status).toBe(403)
  const given = await world.run('grant', 'pack', '--account', 'bob', '--pack', 'e2e-day')
  expect(given.code, given.text).toBe(0)
  const { durationMs } = await untilReply(file, ({ status }) => status === 200, 5_000)
  expect(durationMs).toBeLessThan(1_000)
  expect(await statusOf(world, bob)).toEqual({ used: 2 * fileCredits, limit: fileCredits + 45 })
})
