import { afterEach, expect, test } from 'vitest'
import { createDatabase } from '../../support/databases.ts'
import { type Call, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

function keep<T extends AsyncDisposable>(one: T): T {
  opened.push(one)
  return one
}

interface Problem {
  readonly type: string
  readonly detail: string
}

/** 503, soon, saying nothing of servers and databases. */
async function expectAway(portal: TestPortal, what: string, call: Call): Promise<void> {
  const told = await portal.call(what, call)
  expect({ what, status: told.status }).toEqual({ what, status: 503 })
  expect(told.headers.get('retry-after')).toBe('2')
  expect((told.body as Problem).detail).not.toMatch(/127\.0\.0\.1|postgres|redis|SQLSTATE|ECONN/i)
}

test('while Redis is away what needs it is 503, and the rest goes on', async () => {
  const { port, hostname } = new URL(sharedRedisUrl())
  expect(hostname).toBe('127.0.0.1')
  const wire = await startTcpProxy(Number(port))
  keep({ [Symbol.asyncDispose]: () => wire.stop() })
  const portal = keep(await startPortalPlane({ store: `redis://127.0.0.1:${wire.port}` }))
  const people = await seedPeople(portal)
  await portal.policy(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window") VALUES
    ('daily', 'daily', 'quota', 'credits', 'account', 100, 'day')`)
  expect((await portal.call('GET /api/me/limits', { token: people.alice })).status).toBe(200)
  const body = { limit: 'daily', amount: 5, until: new Date(Date.now() + 3_600_000).toISOString() }
  const asked = await portal.call('POST /api/requests', { token: people.alice, body })
  const { id } = asked.body as { id: string }
  wire.stall()
  await expectAway(portal, 'GET /api/me/limits', { token: people.alice })
  await expectAway(portal, `POST /api/requests/${id}/approve`, { token: people.lena, body: {} })
  const told = await portal.call(`POST /api/requests/${id}/approve`, { token: people.lena, body: {} })
  expect((told.body as Problem).detail).toMatch(/so a lead cannot approve; an administrator can, and you can decline$/)
  expect((await portal.call(`POST /api/requests/${id}/approve`, { token: people.adam, body: {} })).status).toBe(200)
  await expectAway(portal, 'GET /quota/status', { token: people.alice })
  expect((await portal.call('GET /api/me', { token: people.alice })).status).toBe(200)
  expect((await portal.call('GET /api/me/usage', { token: people.alice })).status).toBe(200)
  wire.resume()
})

test('while PostgreSQL is away what needs it is 503, a known token is who it is, and an unknown one is not refused', async () => {
  const database = await createDatabase()
  keep({ [Symbol.asyncDispose]: () => database.drop() })
  const url = new URL(database.url)
  const wire = await startTcpProxy(Number(url.port))
  keep({ [Symbol.asyncDispose]: () => wire.stop() })
  url.port = String(wire.port)
  const portal = keep(await startPortalPlane({ store: 'memory', database: { url: url.href } }))
  const people = await seedPeople(portal)
  wire.reset()
  wire.stall()
  expect((await portal.call('GET /api/me', { token: people.alice })).status).toBe(200)
  expect((await portal.call('GET /api/me/limits', { token: people.alice })).status).toBe(200)
  await expectAway(portal, 'GET /api/me/usage', { token: people.alice })
  await expectAway(portal, 'POST /api/me/tokens', { token: people.alice, body: {} })
  const keyed = await portal.call('POST /api/me/tokens', {
    ...{ token: people.alice, body: {}, headers: { 'idempotency-key': 'k' } },
  })
  expect(keyed.status).toBe(503)
  const unknown = `tg_${'0'.repeat(30)}_0HwEqh`
  const byMs = performance.now() + 20_000
  let status = 401
  while (status === 401 && performance.now() < byMs)
    status = (await portal.call('GET /api/me', { token: unknown })).status
  expect([429, 503]).toContain(status)
  wire.resume()
}, 90_000)
