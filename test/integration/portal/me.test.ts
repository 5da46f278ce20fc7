import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
  await portal.policy(`
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone) VALUES
      ('daily', 'daily', 'quota', 'credits', 'account', 100, 'day', 'Asia/Shanghai')`)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

test('GET /api/me says who calls, and with which token', async () => {
  const { status, body, headers } = await portal.call('GET /api/me', { token: people.alice })
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      ...{ account: 'alice', kind: 'person', role: 'member', project: 'vision', department: 'research', plan: 'free' },
      ...{ time_zone: 'UTC', disabled: false },
      token: { id: expect.stringMatching(/^t-/), expires_at: expect.stringMatching(/Z$/) },
    },
  })
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(headers.get('set-cookie')).toBeNull()
  expect(headers.get('access-control-allow-origin')).toBeNull()
})

test('GET /api/me/limits shows the limits as they stand, in credits', async () => {
  const { status, body } = await portal.call('GET /api/me/limits', { token: people.alice })
  expect({ status, body }).toEqual({
    status: 200,
    body: {
      limits: [
        {
          ...{ name: 'daily', kind: 'quota', counts: 'credits', per: 'account', subject: 'alice', surface: 'any' },
          ...{ used: 0, amount: 100, remaining: 100, window: 'day', time_zone: 'Asia/Shanghai' },
          ...{ reset_at: expect.stringMatching(/T16:00:00Z$/), enforced: true, rule: 'daily' },
        },
      ],
      at: expect.stringMatching(/Z$/),
    },
  })
})

test('GET /quota/status answers as the gate does', async () => {
  const { status, body } = await portal.call('GET /quota/status', { token: people.alice })
  expect({ status, body }).toMatchObject({ status: 200, body: { used: 0, limit: 100, limit_name: 'daily' } })
})
