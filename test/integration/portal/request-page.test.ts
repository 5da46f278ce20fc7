import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People
let id: string

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory', settings: { TOLLGATE_ASK_AT: '<the> platform team' } })
  people = await seedPeople(portal)
  await portal.policy(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window") VALUES
    ('daily', 'daily', 'quota', 'credits', 'account', 1000, 'day')`)
  const until = new Date(Date.now() + 86_400_000).toISOString()
  const body = { limit: 'daily', amount: 12.5, until, reason: '<b>release</b>' }
  const asked = await portal.call('POST /api/requests', { token: people.alice, body })
  id = (asked.body as { id: string }).id
})
afterAll(() => portal?.[Symbol.asyncDispose]())

const basic = (token: string) => ({ authorization: `Basic ${Buffer.from(`me:${token}`).toString('base64')}` })

test('who opens the address of an alert without a token is told what to do, and nothing of the request', async () => {
  const told = await portal.call(`GET /requests/${id}?utm_source=mail`)
  expect(told.status).toBe(200)
  expect(told.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(told.headers.get('content-security-policy')).toMatch(/default-src 'none'; style-src 'sha256-/)
  const text = String(told.body)
  for (const said of [
    'href="?show=token"',
    'a token as the password',
    `POST /api/requests/${id}/approve`,
    'Ask &lt;the&gt; platform team',
  ])
    expect(text).toContain(said)
  for (const kept of ['alice', 'daily', 'release', '12.5']) expect(text).not.toContain(kept)
  const other = await portal.call('GET /requests/ask-none')
  expect(String(other.body).replaceAll('ask-none', id)).toBe(text)
  expect(other.status).toBe(200)
})

test('the browser is asked for a token when the person wants to see it, and after a wrong one', async () => {
  const wrong = `tg_${'a'.repeat(30)}_${'b'.repeat(6)}`
  for (const [what, headers, says] of [
    [`GET /requests/${id}?show=token`, {}, 'Send a token'],
    [`GET /requests/${id}`, basic(wrong), 'This token is not known'],
  ] as const) {
    const told = await portal.call(what, { headers })
    expect(told.status).toBe(401)
    expect(told.headers.get('www-authenticate')).toMatch(/^Basic realm="tollgate", Bearer/)
    expect(String(told.body)).toContain(says)
    expect(String(told.body)).toContain('a token as the password')
  }
})

test('a token as the password shows it to those who may see it, escaped, in their language', async () => {
  for (const token of [people.alice, people.lena, people.adam]) {
    const { status, body } = await portal.call(`GET /requests/${id}?show=token`, { headers: basic(token) })
    expect(status).toBe(200)
    for (const said of [
      'alice',
      '12.5 of the limit daily',
      '&lt;b&gt;release&lt;/b&gt;',
      'Open',
      `POST /api/requests/${id}/approve`,
    ])
      expect(String(body)).toContain(said)
  }
  const chinese = { ...basic(people.alice), 'accept-language': 'zh-CN' }
  expect(String((await portal.call(`GET /requests/${id}`, { headers: chinese })).body)).toContain('待审批')
  for (const other of [id, 'ask-none', '%3Cb%3E']) {
    const { status, body } = await portal.call(`GET /requests/${other}`, { headers: basic(people.fay) })
    expect(status).toBe(404)
    expect(String(body)).toContain('<h1>There is no such thing</h1>')
    expect(String(body)).not.toContain('<b>')
  }
})

test('it decides nothing, and shows what was decided', async () => {
  const posted = await portal.call(`POST /requests/${id}`, { token: people.lena, body: { decision: 'approve' } })
  expect(posted.status).toBe(405)
  await portal.call(`POST /api/requests/${id}/decline`, { token: people.lena, body: { note: 'Monday' } })
  const { body } = await portal.call(`GET /requests/${id}`, { token: people.alice })
  for (const said of ['Declined', 'lena', 'Monday']) expect(String(body)).toContain(said)
  expect(String(body)).not.toContain('/approve')
})
