import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDecisionLink } from '../../../src/manage/make-decision-link.ts'
import { createPostgresRequests } from '../../../src/postgres/requests.ts'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People
let pool: pg.Pool

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
  pool = new pg.Pool({ connectionString: portal.databaseUrl, max: 2 })
  await portal.policy(`
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window") VALUES
      ('daily', 'daily', 'quota', 'credits', 'account', 100, 'day');
    UPDATE tollgate.plan SET bridge_percent = 5`)
})
afterAll(async () => {
  await pool?.end()
  await portal?.[Symbol.asyncDispose]()
})

interface Wish {
  readonly id: string
}

async function ask(amount: number, token = people.alice, reason = 'A deadline'): Promise<string> {
  const until = new Date(Date.now() + 3_600_000).toISOString()
  const { status, body } = await portal.call('POST /api/requests', {
    token,
    body: { limit: 'daily', amount, until, reason },
  })
  expect({ status, body }).toMatchObject({ status: 201, body: { state: 'open' } })
  return (body as Wish).id
}

async function amountNow(token: string): Promise<number> {
  const { body } = await portal.call('GET /api/me/limits', { token })
  return (body as { limits: { amount: number }[] }).limits[0]?.amount ?? 0
}

/** Until the policy with what was decided is in force here. */
async function untilAmount(token: string, amount: number): Promise<void> {
  const byMs = performance.now() + 1_000
  while ((await amountNow(token)) !== amount) expect(performance.now()).toBeLessThan(byMs)
}

async function linkFor(request: string, decider: string): Promise<string> {
  const tools = { requests: createPostgresRequests(pool), randomBytes }
  const made = await makeDecisionLink(tools, { request, decider })
  return typeof made === 'string' ? made : (made?.secret ?? '')
}

test('alice asks, her lead approves, and within a second she has more; the audit says who', async () => {
  const id = await ask(40)
  const own = await portal.call(`POST /api/requests/${id}/approve`, { token: people.alice })
  expect(own.status).toBe(403)
  const { status, body } = await portal.call(`POST /api/requests/${id}/approve`, {
    token: people.lena,
    body: { amount: 12.5, note: 'Half for now' },
  })
  expect({ status, body }).toMatchObject({
    status: 200,
    body: { state: 'approved', decided_by: 'lena', decision_note: 'Half for now', grant: expect.any(String) },
  })
  await untilAmount(people.alice, 112.5)
  const again = await portal.call(`POST /api/requests/${id}/decline`, { token: people.adam })
  expect(again.status).toBe(409)
  const audit = await portal.call(`GET /api/audit?table=quota_request&key=${id}`, { token: people.adam })
  expect(audit.body).toMatchObject({ rows: [{ by: 'lena' }, { by: 'alice' }] })
  const grants = await portal.call('GET /api/grants', { token: people.alice })
  expect(grants.body).toMatchObject({ rows: [{ amount: 12.5, limit: 'daily', state: 'running' }] })
})

test('bob takes the bridge of his plan, once in a window', async () => {
  const taken = await portal.call('POST /api/me/bridge', { token: people.bob, body: { limit: 'daily' } })
  expect({ status: taken.status, body: taken.body }).toMatchObject({ status: 201, body: { amount: 5 } })
  await untilAmount(people.bob, 105)
  expect((await portal.call('POST /api/me/bridge', { token: people.bob, body: { limit: 'daily' } })).status).toBe(409)
})

test('opening a link shows the request, escaped, and changes nothing; its form decides once', async () => {
  const id = await ask(1, people.alice, '<img src=x onerror=alert(1)> {{7*7}}')
  const secret = await linkFor(id, 'lena')
  for (const method of ['GET', 'HEAD', 'GET']) {
    const opened = await portal.call(`${method} /api/links/${secret}`)
    expect(opened.status).toBe(200)
    expect(opened.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(opened.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
    )
    expect(opened.headers.get('referrer-policy')).toBe('no-referrer')
    if (method === 'GET') {
      expect(opened.body).toContain('&lt;img src=x onerror=alert(1)&gt; {{7*7}}')
      expect(opened.body).not.toMatch(/<img|<script|onerror="/)
    }
  }
  const open = await portal.call(`GET /api/requests/${id}`, { token: people.alice })
  expect(open.body).toMatchObject({ state: 'open' })
  const decided = await post(secret, 'decision=decline&note=Not+now')
  expect({ status: decided.status, body: decided.body }).toMatchObject({
    status: 200,
    body: expect.stringContaining('Declined'),
  })
  const closed = await portal.call(`GET /api/requests/${id}`, { token: people.alice })
  expect(closed.body).toMatchObject({ state: 'declined', decided_by: 'lena', decision_note: 'Not now' })
  expect((await post(secret, 'decision=approve')).status).toBe(404)
  expect((await portal.call(`GET /api/links/${secret}`)).status).toBe(404)
})

test('a Chinese browser reads Chinese, and the decider’s own clock', async () => {
  await portal.policy(`UPDATE tollgate.account SET time_zone = 'Asia/Shanghai' WHERE id = 'lena'`)
  const secret = await linkFor(await ask(1, people.bob), 'lena')
  const { body } = await portal.call(`GET /api/links/${secret}`, {
    headers: { 'accept-language': 'zh-CN,zh;q=0.9,en' },
  })
  expect(body).toContain('<html lang="zh">')
  expect(body).toContain('批准')
  expect(body).toContain('Asia/Shanghai')
})

test.each([
  ['no decision', '', 400],
  ['another decision', 'decision=maybe', 400],
  ['more fields', 'decision=approve&until=9', 400],
  ['a long form', `decision=approve&note=${'x'.repeat(9_000)}`, 413],
])('a form with %s decides nothing', async (_, form, status) => {
  const id = await ask(1, people.bob)
  const secret = await linkFor(id, 'lena')
  const told = await post(secret, form)
  expect(told.status).toBe(status)
  expect(told.headers.get('content-type')).toContain('text/html')
  expect((await portal.call(`GET /api/requests/${id}`, { token: people.bob })).body).toMatchObject({ state: 'open' })
  await portal.call(`POST /api/requests/${id}/withdraw`, { token: people.bob })
})

test.each([
  ['a note that cannot be seen', 'decision=decline&note=%E2%80%AEtwo&amount=4', 422, /A note is one line/],
  ['a note that is too long', `decision=decline&note=${'x'.repeat(501)}&amount=4`, 422, /at most 500 characters/],
  ['no number', 'decision=approve&note=Well&amount=much', 422, /must be a number of credits/],
  ['more than is asked', 'decision=approve&note=Well&amount=7.5', 422, /Approve 7 or less/],
])('a form with %s is shown again with what was typed, and the link still decides', async (_, ...given) => {
  const [form, status, why] = given
  const secret = await linkFor(await ask(7, people.bob), 'lena')
  const told = await post(secret, form)
  expect(told.status).toBe(status)
  expect(told.body).toMatch(why)
  const typed = new URLSearchParams(form)
  for (const name of ['note', 'amount']) expect(told.body).toContain(`value="${typed.get(name)}"`)
  const decided = await post(secret, 'decision=decline&amount=none&note=One%0D%0Atwo')
  expect(decided.body).toContain('Declined')
  const { body } = await portal.call('GET /api/requests?state=declined&limit=1', { token: people.bob })
  expect(body).toMatchObject({ rows: [{ decision_note: 'One two' }] })
})

test('who decides sees what it rests on, may approve less, and is told how much it was and until when', async () => {
  await portal.policy(`
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", applies_to_project) VALUES
      ('sound-month', 'budget', 'quota', 'credits', 'project', 50, 'month', 'sound')`)
  const id = await ask(80, people.fred)
  const secret = await linkFor(id, 'fay')
  const { body } = await portal.call(`GET /api/links/${secret}`)
  expect(body).toContain('<dd>80 credits of the limit daily</dd>')
  expect(body).toContain('<dd>0 of 100 credits are used, 100 credits left</dd>')
  expect(body).toContain('<dd>50 credits at most: so much is left of the project&#39;s budget</dd>')
  expect(body).toContain('name="amount" value="80"')
  // Enter in a field would press the first button that decides.
  expect(body).toMatch(/<form[^>]*><button disabled hidden><\/button>/)
  const above = await post(secret, 'decision=approve&amount=80&note=All+of+it')
  expect({ status: above.status, body: above.body }).toMatchObject({
    status: 403,
    body: expect.stringMatching(/A lead may approve 50 credits at most.*value="All of it"/s),
  })
  const less = await post(secret, 'decision=approve&amount=30.5&note=For+now')
  expect(less.body).toMatch(
    /account fred has 30\.5 credits more of daily within a second, until \d{4}-\d\d-\d\d \d\d:\d\d /,
  )
  const grants = await portal.call('GET /api/grants', { token: people.fred })
  expect(grants.body).toMatchObject({ rows: [{ id, amount: 30.5, limit: 'daily' }] })
})

test('of two who send the form at once one decides', async () => {
  const id = await ask(1)
  const secret = await linkFor(id, 'lena')
  const told = await Promise.all([post(secret, 'decision=approve'), post(secret, 'decision=decline')])
  expect(told.map(({ status }) => status).sort()).toEqual([200, 404])
})

test('a forged link, one of a demoted lead, and guesses are all the same 404, and bounded', async () => {
  const id = await ask(1)
  const secret = await linkFor(id, 'lena')
  await portal.policy(`UPDATE tollgate.account SET role = 'member' WHERE id = 'lena'`)
  const from = { 'x-envoy-external-address': '203.0.113.77' }
  const bodies = new Set<unknown>()
  for (const link of [secret, 'A'.repeat(43), 'x', '../../me']) {
    const told = await portal.call(`GET /api/links/${encodeURIComponent(link)}`, { headers: from })
    expect(told.status).toBe(404)
    bodies.add(told.body)
  }
  expect(bodies.size).toBe(1)
  const codes: number[] = []
  for (let guess = 0; guess < 20; guess += 1)
    codes.push((await portal.call('GET /api/links/guess', { headers: from })).status)
  expect(codes).toContain(429)
})

test('wrong tokens shut no link, and what is too often names no limit that is not there', async () => {
  const from = { 'x-envoy-external-address': '203.0.113.78' }
  const guesses = Array.from({ length: 25 }, () =>
    portal.call('GET /api/me', { token: `tg_${'a'.repeat(40)}`, headers: from }),
  )
  const refused = (await Promise.all(guesses)).find(({ status }) => status === 429)
  expect(refused?.body).toMatchObject({
    detail: expect.stringMatching(/^From one address 20 wrong tokens are looked at/),
  })
  expect(refused?.body).not.toHaveProperty('limit')
  const link = await portal.call(`GET /api/links/${'A'.repeat(43)}`, { headers: from })
  expect(link.status).toBe(404)
})

let posts = 0
/** From an address of its own, for links are bounded by it. */
function post(secret: string, form: string) {
  posts += 1
  const from = { 'x-envoy-external-address': `198.51.100.${posts}` }
  return portal.call(`POST /api/links/${secret}`, {
    body: form,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...from },
  })
}
