import { afterAll, beforeAll, expect, test } from 'vitest'
import { type People, seedPeople, startPortalPlane, type TestPortal } from '../../support/portal.ts'

let portal: TestPortal
let people: People

beforeAll(async () => {
  portal = await startPortalPlane({ store: 'memory' })
  people = await seedPeople(portal)
})
afterAll(() => portal?.[Symbol.asyncDispose]())

test.each([
  [{ origin: 'https://evil.example' }, 403],
  [{ origin: 'null' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'sec-fetch-site': 'same-site' }, 403],
  [{ 'sec-fetch-site': 'same-origin' }, 201],
  [{}, 201],
])('a write with %j, as browsers send it with a password they know, is %i', async (headers, status) => {
  const authorization = `Basic ${btoa(`x:${people.alice}`)}`
  const sent = { authorization, ...headers } as Record<string, string>
  const told = await portal.call('POST /api/me/tokens', { headers: sent })
  expect(told.status).toBe(status)
})

test('a write from a page of our own passes, and reading is free from anywhere but shown to nobody', async () => {
  const own = await portal.call('POST /api/me/tokens', { token: people.alice, headers: { origin: portal.url } })
  expect(own.status).toBe(201)
  const read = await portal.call('GET /api/me', { token: people.alice, headers: { origin: 'https://evil.example' } })
  expect(read.status).toBe(200)
  expect(read.headers.get('access-control-allow-origin')).toBeNull()
  expect(read.headers.get('cross-origin-resource-policy')).toBe('same-origin')
})

test('the root is a page that says what there is, and runs nothing', async () => {
  const { status, body, headers } = await portal.call('GET /')
  expect(status).toBe(200)
  expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(body).toContain('/api/openapi.json')
  expect(body).not.toContain('<script')
})
