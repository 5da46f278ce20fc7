import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
  await portal.policy(`
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window") VALUES
      ('daily', 'daily', 'quota', 'credits', 'account', 100, 'day');
    INSERT INTO tollgate.alert_channel (id, kind, account, target) VALUES
      ('mail-bob', 'email', 'bob', 'bob@example.org'), ('mail-fred', 'email', 'fred', 'fred@example.org');
    INSERT INTO tollgate.quota_request (id, asked_by, limit_name, account, amount, ends_at) VALUES
      ('ask-bob', 'bob', 'daily', 'bob', 10, now() + interval '1 day'),
      ('ask-fred', 'fred', 'daily', 'fred', 10, now() + interval '1 day');
    INSERT INTO tollgate.token (id, account, digest, hint, expires_at) VALUES
      ('t-bob', 'bob', repeat('1', 64), 'tg_…', now() + interval '1 day'),
      ('t-fred', 'fred', repeat('2', 64), 'tg_…', now() + interval '1 day')`)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

/** What alice (a member), lena (who leads vision), fay (who leads sound) and adam (an admin) are answered. */
interface Expected {
  readonly alice: number
  readonly lena: number
  readonly fay: number
  readonly adam: number
  readonly body?: object
}

const ofBob: [what: string, expected: Expected][] = [
  ['GET /api/accounts/bob', { alice: 404, lena: 200, fay: 404, adam: 200 }],
  ['GET /api/accounts/bob/limits', { alice: 404, lena: 200, fay: 404, adam: 200 }],
  ['GET /api/accounts/bob/usage', { alice: 404, lena: 200, fay: 404, adam: 200 }],
  ['GET /api/accounts/bob/usage?by=resource', { alice: 404, lena: 403, fay: 404, adam: 200 }],
  ['GET /api/accounts/bob/usage?resource=numpy', { alice: 404, lena: 403, fay: 404, adam: 200 }],
  ['GET /api/accounts/bob/refusals', { alice: 404, lena: 200, fay: 404, adam: 200 }],
  ['GET /api/accounts/bob/tokens', { alice: 404, lena: 200, fay: 404, adam: 200 }],
  ['POST /api/accounts/bob/tokens', { alice: 404, lena: 403, fay: 404, adam: 201, body: {} }],
  ['POST /api/accounts/bob/bridge', { alice: 404, lena: 403, fay: 404, adam: 422, body: { limit: 'daily' } }],
  ['POST /api/accounts/bob/packs', { alice: 404, lena: 403, fay: 404, adam: 404, body: { pack: 'none' } }],
  ['POST /api/tokens/t-bob/rotate', { alice: 404, lena: 403, fay: 404, adam: 201, body: {} }],
  ['POST /api/tokens/t-bob/revoke', { alice: 404, lena: 200, fay: 404, adam: 200 }],
  ['GET /api/requests/ask-bob', { alice: 404, lena: 200, fay: 404, adam: 200 }],
  ['POST /api/requests/ask-bob/withdraw', { alice: 404, lena: 403, fay: 404, adam: 200 }],
  ['GET /api/channels/mail-bob', { alice: 404, lena: 404, fay: 404, adam: 200 }],
  ['PUT /api/channels/mail-bob', { alice: 404, lena: 404, fay: 404, adam: 200, body: { note: 'x' } }],
  ['GET /api/projects/vision/people', { alice: 403, lena: 200, fay: 404, adam: 200 }],
  ['GET /api/projects/vision/usage', { alice: 403, lena: 200, fay: 404, adam: 200 }],
  ['GET /api/projects/vision/refusals', { alice: 403, lena: 200, fay: 404, adam: 200 }],
  ['GET /api/channels?project=vision', { alice: 403, lena: 200, fay: 404, adam: 200 }],
  ['GET /api/alerts?account=bob', { alice: 404, lena: 200, fay: 404, adam: 200 }],
]

const forAdmins: [what: string, adam: number, body?: object][] = [
  ['GET /api/policy/plan', 200],
  ['GET /api/policy/plan/free', 200],
  ['PUT /api/policy/plan/ours', 200, { token_days_max: 3 }],
  ['DELETE /api/policy/plan/ours', 200],
  ['GET /api/bans', 200],
  ['POST /api/bans', 201, { account: 'fred', reason: 'Harvesting' }],
  ['POST /api/bans/lift', 200, { account: 'fred' }],
  ['GET /api/audit', 200],
  [
    'POST /api/grants',
    201,
    {
      limit: 'daily',
      for: { kind: 'account', id: 'bob' },
      amount: 1.5,
      until: new Date(Date.now() + 86_400_000).toISOString(),
    },
  ],
]

describe('who may what', () => {
  test.each(ofBob)('%s', async (what, { body, ...expected }) => {
    const statuses: Record<string, number> = {}
    for (const name of ['alice', 'lena', 'fay', 'adam'] as const) {
      const told = await portal.call(what, { token: people[name], ...(body && { body }) })
      statuses[name] = told.status
    }
    expect(statuses).toEqual(expected)
  })

  test.each(forAdmins)('%s is for admins', async (what, adam, body) => {
    for (const name of ['alice', 'lena'] as const) {
      const { status } = await portal.call(what, { token: people[name], ...(body && { body }) })
      expect({ name, status }).toEqual({ name, status: 403 })
    }
    const told = await portal.call(what, { token: people.adam, ...(body && { body }) })
    expect({ body: told.body, status: told.status }).toMatchObject({ status: adam })
  })
})

test('what is foreign is answered as what is not there, letter by letter', async () => {
  const pairs = [
    ['GET /api/accounts/fred', 'GET /api/accounts/nobody', 'fred', 'nobody'],
    ['POST /api/tokens/t-fred/revoke', 'POST /api/tokens/t-none/revoke', 't-fred', 't-none'],
    ['GET /api/requests/ask-fred', 'GET /api/requests/ask-none', 'ask-fred', 'ask-none'],
    ['POST /api/requests/ask-fred/decline', 'POST /api/requests/ask-none/decline', 'ask-fred', 'ask-none'],
    ['GET /api/channels/mail-fred', 'GET /api/channels/mail-none', 'mail-fred', 'mail-none'],
    ['DELETE /api/channels/mail-fred', 'DELETE /api/channels/mail-none', 'mail-fred', 'mail-none'],
    ['GET /api/projects/sound/people', 'GET /api/projects/nowhere/people', 'sound', 'nowhere'],
  ] as const
  for (const [foreign, absent, id, none] of pairs) {
    for (const name of ['alice', 'lena'] as const) {
      const there = await portal.call(foreign, { token: people[name] })
      const not = await portal.call(absent, { token: people[name] })
      const blank = (body: unknown, word: string): string =>
        JSON.stringify(body)
          .replaceAll(word, '?')
          .replace(/urn:uuid:[^"]+/, '')
      expect(blank(there.body, id)).toBe(blank(not.body, none))
      expect(there.status).toBe(404)
    }
  }
})
