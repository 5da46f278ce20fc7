import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal, type Told } from '../../support/portal.ts'

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

function issue(key: string, { note = 'ci', token = people.alice } = {}): Promise<Told> {
  return portal.call('POST /api/me/tokens', { token, body: { note }, headers: { 'idempotency-key': key } })
}

async function tokensNoted(note: string): Promise<number> {
  const [row] = await portal.sql('SELECT count(*)::integer AS count FROM tollgate.token WHERE note = $1', [note])
  return Number(row?.['count'])
}

test('the same request again is answered as the first, without its secret, and does nothing', async () => {
  const first = await issue('key-1', { note: 'once' })
  const again = await issue('key-1', { note: 'once' })
  expect(first.status).toBe(201)
  expect(first.headers.get('idempotency-replayed')).toBeNull()
  expect((first.body as { secret: string }).secret).toMatch(/^tg_/)
  expect(again.status).toBe(201)
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(again.body).toEqual({ ...(first.body as object), secret: null })
  expect(await tokensNoted('once')).toBe(1)
  const [kept] = await portal.sql(`SELECT body FROM tollgate.idempotency_key WHERE key = 'key-1'`)
  expect(String(kept?.['body'])).not.toContain((first.body as { secret: string }).secret)
})

test('another request under the same key is refused, and of another caller it is another key', async () => {
  await issue('key-2', { note: 'two' })
  expect((await issue('key-2', { note: 'three' })).status).toBe(409)
  expect((await issue('key-2', { note: 'two', token: people.bob })).status).toBe(201)
  expect(await tokensNoted('three')).toBe(0)
})

test('of twenty at once exactly one does the work', async () => {
  const told = await Promise.all(Array.from({ length: 20 }, () => issue('key-3', { note: 'many' })))
  expect(await tokensNoted('many')).toBe(1)
  expect(told.filter(({ body }) => (body as { secret?: string }).secret?.startsWith('tg_')).length).toBe(1)
  for (const { status, headers } of told) {
    expect([201, 409]).toContain(status)
    if (status === 409) expect(headers.get('retry-after')).toBe('1')
  }
})

test('what was refused may be sent again under its key once it is mended', async () => {
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const asked = (): Promise<Told> =>
    portal.call('POST /api/requests', {
      token: people.alice,
      body: {
        limit: 'later',
        amount: 5,
        until,
      },
      headers: { 'idempotency-key': 'key-4' },
    })
  expect((await asked()).status).toBe(404)
  await portal.policy(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window") VALUES
    ('later', 'later', 'quota', 'credits', 'account', 100, 'month')`)
  const made = await asked()
  expect({ status: made.status, body: made.body }).toMatchObject({ status: 201 })
})

test('a key whose request ended without a word is never done again', async () => {
  await portal.sql(`INSERT INTO tollgate.idempotency_key (caller, key, fingerprint, held_by, created_at)
    SELECT caller, 'key-5', fingerprint, 'gone', now() - interval '5 minutes' FROM tollgate.idempotency_key WHERE key = 'key-1'`)
  const told = await issue('key-5', { note: 'once' })
  expect(told.status).toBe(409)
  expect((told.body as { detail: string }).detail).toMatch(/not known/)
  expect(await tokensNoted('once')).toBe(1)
})

test('a key older than a day is as if it had never been', async () => {
  await issue('key-6', { note: 'daily' })
  await portal.sql(`UPDATE tollgate.idempotency_key SET created_at = now() - interval '25 hours' WHERE key = 'key-6'`)
  expect((await issue('key-6', { note: 'daily' })).headers.get('idempotency-replayed')).toBeNull()
  expect(await tokensNoted('daily')).toBe(2)
})

test('a caller has at most 10,000 keys a day', async () => {
  await portal.sql(`INSERT INTO tollgate.idempotency_key (caller, key, fingerprint)
    SELECT 'lena', 'k' || n, '' FROM generate_series(1, 10000) AS n`)
  expect((await issue('one-more', { token: people.lena })).status).toBe(429)
})

test.each(['', 'a b', 'x'.repeat(256)])('the key %j is refused', async (key) => {
  expect((await issue(key)).status).toBe(400)
})
