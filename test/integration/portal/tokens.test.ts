import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

interface Issued {
  readonly secret: string
  readonly token: { readonly id: string; readonly state: string; readonly expires_at: string }
}

interface Audit {
  readonly rows: readonly { readonly by: string }[]
}

async function issue(token: string, path = '/api/me/tokens', body: object = {}): Promise<Issued> {
  const told = await portal.call(`POST ${path}`, { token, body })
  expect(told.status).toBe(201)
  return told.body as Issued
}

/** Until the policy with the new token is in force here. */
async function works(secret: string): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { status } = await portal.call('GET /api/me', { token: secret })
    if (status === 200) return status
    await portal.policy('SELECT 1')
  }
  return 401
}

test('a token is issued, works, is rotated with an overlap and revoked', async () => {
  const first = await issue(people.alice, '/api/me/tokens', { lifetime_days: 1, note: 'laptop' })
  expect(first.token).toMatchObject({ account: 'alice', note: 'laptop', state: 'active' })
  expect(await works(first.secret)).toBe(200)
  const rotated = await portal.call(`POST /api/tokens/${first.token.id}/rotate`, {
    token: people.alice,
    body: { overlap_days: 0.5, lifetime_days: 2 },
  })
  expect(rotated.status).toBe(201)
  expect(await works((rotated.body as Issued).secret)).toBe(200)
  const revoked = await portal.call(`POST /api/tokens/${first.token.id}/revoke`, { token: people.alice })
  expect({ status: revoked.status, body: revoked.body }).toMatchObject({ status: 200, body: { state: 'revoked' } })
})

test('the audit names who issued, rotated and revoked a token', async () => {
  const { token } = await issue(people.adam, '/api/accounts/alice/tokens', {})
  const rotated = await portal.call(`POST /api/tokens/${token.id}/rotate`, { token: people.alice })
  await portal.call(`POST /api/tokens/${token.id}/revoke`, { token: people.lena })
  const old = await portal.call(`GET /api/audit?table=token&key=${token.id}`, { token: people.adam })
  expect((old.body as Audit).rows.map(({ by }) => by)).toEqual(['lena', 'alice', 'adam'])
  const { id } = (rotated.body as Issued).token
  const made = await portal.call(`GET /api/audit?table=token&key=${id}`, { token: people.adam })
  expect((made.body as Audit).rows.map(({ by }) => by)).toEqual(['alice'])
  expect(JSON.stringify([old.body, made.body])).not.toContain((rotated.body as Issued).secret)
})

test('a list of tokens is paged without gaps or repetitions while others are issued', async () => {
  for (let nth = 0; nth < 5; nth += 1) await issue(people.bob, '/api/me/tokens', { note: `n${nth}` })
  const seen: string[] = []
  let cursor = ''
  for (let page = 0; page < 20; page += 1) {
    const { body } = await portal.call(`GET /api/me/tokens?limit=2${cursor}`, { token: people.bob })
    const { rows, next } = body as { rows: { id: string }[]; next: string | null }
    seen.push(...rows.map(({ id }) => id))
    if (next === null) break
    cursor = `&cursor=${next}`
    if (page === 0) await issue(people.bob)
  }
  expect(seen.length).toBe(6)
  expect(new Set(seen).size).toBe(6)
})

test('an overlap of more than 7 days and a lifetime beyond the plan are refused in words', async () => {
  const { token } = await issue(people.alice)
  const long = await portal.call(`POST /api/tokens/${token.id}/rotate`, {
    token: people.alice,
    body: { overlap_days: 8 },
  })
  expect({ status: long.status, body: long.body }).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'body.overlap_days' }] },
  })
  const beyond = await portal.call('POST /api/me/tokens', { token: people.alice, body: { lifetime_days: 3_000 } })
  expect(beyond.status).toBe(422)
  expect((beyond.body as { detail: string }).detail).toMatch(/live at most 7 days/)
})
