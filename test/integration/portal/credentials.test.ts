import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

/** From an address of its own, as an Envoy beside us tells it, so that guesses of one test do not count in another. */
async function status(headers: Record<string, string>, from = '203.0.113.1') {
  const told = await portal.call('GET /api/me', { headers: { ...headers, 'x-envoy-external-address': from } })
  return { status: told.status, type: (told.body as { type?: string }).type?.split('#')[1], told }
}

const basic = (user: string, password: string): string => `Basic ${btoa(`${user}:${password}`)}`

test('a token is taken as Bearer, as the password of Basic, and as the user of an empty password', async () => {
  for (const authorization of [`Bearer ${people.alice}`, basic('x', people.alice), basic(people.alice, '')])
    expect(await status({ authorization })).toMatchObject({ status: 200 })
})

test('a token in the query or in a cookie is none', async () => {
  expect((await portal.call(`GET /api/me?token=${people.alice}`)).status).toBe(401)
  expect(await status({ cookie: `token=${people.alice}` })).toMatchObject({ status: 401, type: 'no_token' })
})

test('unknown, revoked, malformed and disabled are told apart by nothing', async () => {
  const revoked = await portal.token('bob')
  const disabled = await portal.token('fred')
  await portal.policy(`UPDATE tollgate.token SET revoked_at = now() WHERE account = 'bob';
    UPDATE tollgate.account SET disabled = true WHERE id = 'fred'`)
  const unknown = `tg_${'0'.repeat(30)}_0HwEqh`
  const bodies = new Set<string>()
  for (const token of [revoked, disabled, unknown, 'nonsense', '']) {
    const { status: code, told } = await status({ authorization: `Bearer ${token}` }, '203.0.113.2')
    expect(code).toBe(401)
    bodies.add(JSON.stringify(told.body).replace(/urn:uuid:[^"]+/, ''))
  }
  expect(bodies.size).toBe(1)
})

test('an expired token says so', async () => {
  const expired = await portal.token('alice')
  await portal.policy(`UPDATE tollgate.token SET created_at = now() - interval '2 days', expires_at = now() - interval '1 second'
    WHERE created_at = (SELECT max(created_at) FROM tollgate.token WHERE account = 'alice')`)
  expect(await status({ authorization: `Bearer ${expired}` }, '203.0.113.3')).toMatchObject({
    ...{ status: 401, type: 'expired_token' },
  })
})

test('two Authorization headers are no credential, even if both are right', async () => {
  const { port } = new URL(portal.url)
  const socket = connect(Number(port), '127.0.0.1')
  const line = `Authorization: Bearer ${people.alice}\r\n`
  socket.end(`GET /api/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${line}${line}\r\n`)
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  expect(text).toMatch(/^HTTP\/1\.1 401 /)
})

test('the anonymous account is nobody here', async () => {
  await portal.policy(`INSERT INTO tollgate.account (id, project, plan) VALUES ('anonymous', 'vision', 'free')`)
  expect(await status({}, '203.0.113.4')).toMatchObject({ status: 401, type: 'no_token' })
})

test('after 20 wrong tokens in a minute an address is told to wait, and a good token passes all the same', async () => {
  const from = '203.0.113.5'
  const codes: number[] = []
  for (let guess = 0; guess < 21; guess += 1) codes.push((await status({ authorization: 'Bearer wrong' }, from)).status)
  expect(codes).toEqual([...Array.from({ length: 20 }, () => 401), 429])
  const { told } = await status({ authorization: 'Bearer wrong' }, from)
  expect(Number(told.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await status({ authorization: `Bearer ${people.lena}` }, from)).toMatchObject({ status: 200 })
  expect(await status({ authorization: 'Bearer wrong' }, '203.0.113.6')).toMatchObject({ status: 401 })
})

test('a caller has 50 requests at once, or what limit_rule says for the API alone', async () => {
  const token = people.fay
  const codes = await Promise.all(
    Array.from({ length: 80 }, async () => (await portal.call('GET /api/me', { token })).status),
  )
  expect(codes.filter((code) => code === 429).length).toBeGreaterThan(10)
  expect(codes.filter((code) => code === 200).length).toBeGreaterThanOrEqual(50)
  await portal.policy(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, burst, every) VALUES
    ('api', 'api-requests', 'rate', 'requests', 'account', 'api', 1, 2, '1 hour')`)
  const few: number[] = []
  for (let call = 0; call < 4; call += 1) few.push((await portal.call('GET /api/me', { token: people.adam })).status)
  expect(few).toEqual([200, 200, 429, 429])
  const told = await portal.call('GET /api/me', { token: people.adam })
  expect(told.body).toMatchObject({ limit: 'api-requests', status: 429 })
  expect(Number(told.headers.get('retry-after'))).toBe(30)
  await portal.policy(`DELETE FROM tollgate.limit_rule; SELECT tollgate.confirm_emptied('limit_rule')`)
})

test('a limit of the API is in no line of the gate and in nobody’s status', async () => {
  await portal.policy(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, surface, amount, burst, every) VALUES
    ('api', 'api-requests', 'rate', 'requests', 'account', 'api', 1000, 1000, '1 second')`)
  const { body } = await portal.call('GET /api/me/limits', { token: people.alice })
  expect((body as { limits: object[] }).limits).toEqual([])
  const status = await portal.call('GET /quota/status', { token: people.alice })
  expect(status.body).toMatchObject({ limits: [] })
})
