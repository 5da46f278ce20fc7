import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory', settings: { TOLLGATE_MAIL_DOMAINS: 'example.org' } })
  people = await seedPeople(portal)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

interface Kept {
  readonly channel: { readonly id: string; readonly target: string }
  readonly secret: string | null
}

test('alice adds a webhook, sees a hint of it and never its target, changes, tests and removes it', async () => {
  const target = 'https://hooks.example.org/very/secret/path'
  const made = await portal.call('POST /api/channels', { token: people.alice, body: { kind: 'webhook', target } })
  expect({ status: made.status, body: made.body }).toMatchObject({
    status: 201,
    body: { channel: { kind: 'webhook', owner: { kind: 'account', id: 'alice' }, state: 'on', has_secret: true } },
  })
  const { channel, secret } = made.body as Kept
  expect(secret).toMatch(/^whsec_/)
  const listed = await portal.call('GET /api/channels', { token: people.alice })
  for (const text of [JSON.stringify(made.body), JSON.stringify(listed.body)]) expect(text).not.toContain('very/secret')
  expect(JSON.stringify(listed.body)).not.toContain('whsec_')
  const changed = await portal.call(`PUT /api/channels/${channel.id}`, {
    token: people.alice,
    body: { language: 'zh', percent_min: 95, types: ['level', 'forecast'], secret: { rotate: true } },
  })
  expect({ status: changed.status, body: changed.body }).toMatchObject({
    status: 200,
    body: {
      channel: { language: 'zh', percent_min: 95, types: ['level', 'forecast'] },
      secret: expect.stringMatching(/^whsec_/),
    },
  })
  const removed = await portal.call(`DELETE /api/channels/${channel.id}`, { token: people.alice })
  expect({ status: removed.status, body: removed.body }).toEqual({ status: 200, body: { removed: channel.id } })
  expect((await portal.call(`GET /api/channels/${channel.id}`, { token: people.alice })).status).toBe(404)
})

test.each([
  [{ kind: 'webhook', target: 'http://hooks.example.org/x' }, 422],
  [{ kind: 'webhook', target: 'https://127.0.0.1/x' }, 422],
  [{ kind: 'webhook', target: 'env:TOLLGATE_CHANNEL_X' }, 422],
  [{ kind: 'webhook', target: 'file:///etc/passwd' }, 422],
  [{ kind: 'email', target: 'a@b.example,c@d.example' }, 422],
  [{ kind: 'pigeon', target: 'https://hooks.example.org/x' }, 400],
  [{ kind: 'webhook', target: 'https://hooks.example.org/x', private_target: true }, 422],
  [{ kind: 'webhook', target: 'https://hooks.example.org/x', types: ['gossip'] }, 400],
  [{ kind: 'webhook', target: 'https://hooks.example.org/x', time_zone: 'Mars/Olympus' }, 422],
  [{ kind: 'webhook', target: 'https://hooks.example.org/x', owner: { kind: 'installation' } }, 403],
  [{ kind: 'webhook', target: 'https://hooks.example.org/x', owner: { kind: 'account', id: 'fred' } }, 404],
  [{ kind: 'webhook', target: 'https://hooks.example.org/x', owner: { kind: 'project', id: 'vision' } }, 403],
])('a member may not set %j', async (body, status) => {
  const told = await portal.call('POST /api/channels', { token: people.bob, body })
  expect({ status: told.status, body: told.body }).toMatchObject({ status })
})

test('a lead sets a channel of the project; an alert and its delivery are seen by whom they concern', async () => {
  const made = await portal.call('POST /api/channels', {
    token: people.lena,
    body: { kind: 'email', target: 'team@example.org', owner: { kind: 'project', id: 'vision' } },
  })
  expect(made.status).toBe(201)
  const { channel } = made.body as Kept
  await portal.sql(
    `WITH told AS (INSERT INTO tollgate.alert_event (key, type, level, account, project, department, routed_at)
       VALUES ('k', 'token_expiring', 'warning', 'alice', 'vision', 'research', now()) RETURNING id)
     INSERT INTO tollgate.alert_delivery (event, channel, state, error) SELECT id, $1, 'failed', 'no' FROM told`,
    [channel.id],
  )
  const own = await portal.call('GET /api/alerts', { token: people.alice })
  expect(own.body).toMatchObject({ rows: [{ type: 'token_expiring', account: 'alice', limit: null }], next: null })
  expect((await portal.call('GET /api/alerts', { token: people.bob })).body).toMatchObject({ rows: [] })
  const deliveries = await portal.call(`GET /api/deliveries?channel=${channel.id}`, { token: people.lena })
  expect(deliveries.body).toMatchObject({ rows: [{ state: 'failed', error: 'no' }] })
  const [row] = (deliveries.body as { rows: { id: string }[] }).rows
  expect((await portal.call(`POST /api/deliveries/${row?.id}/resend`, { token: people.bob })).status).toBe(404)
  const again = await portal.call(`POST /api/deliveries/${row?.id}/resend`, { token: people.lena })
  expect({ status: again.status, body: again.body }).toMatchObject({ status: 201, body: { channel: channel.id } })
  expect((await portal.call('POST /api/deliveries/x/resend', { token: people.lena })).status).toBe(400)
})
