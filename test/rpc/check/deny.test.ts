import { describe, expect, test } from 'vitest'
import { startPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }
const daily = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 1, 'day')`

test('no token: 401 with a Basic challenge before the Bearer one', async () => {
  await using plane = await startPlane()
  const { status, headers, body } = await plane.client().check({ path: wheel, extensions: upstream })
  expect(status).toBe(401)
  expect(headers.filter(([name]) => name === 'www-authenticate').map(([, value]) => value.split(' ')[0])).toEqual([
    'Basic',
    'Bearer',
  ])
  expect(JSON.parse(body).detail).toContain('__token__')
})

test('an unknown and a revoked token get the same answer, but for its instance', async () => {
  await using plane = await startPlane()
  const client = plane.client()
  const token = await plane.token()
  await plane.policy('UPDATE tollgate.token SET revoked_at = now()')
  const revoked = await client.check({ token, path: wheel, extensions: upstream })
  await plane.policy('DELETE FROM tollgate.token')
  const unknown = await client.check({ token, path: wheel, extensions: upstream })
  expect(revoked.status).toBe(401)
  expect(unknown.headers).toEqual(revoked.headers)
  expect({ ...JSON.parse(unknown.body), instance: '' }).toEqual({ ...JSON.parse(revoked.body), instance: '' })
})

test('an expired token is told so', async () => {
  await using plane = await startPlane()
  const token = await plane.token()
  await plane.policy(
    `UPDATE tollgate.token SET created_at = now() - interval '2 days', expires_at = now() - interval '1 day'`,
  )
  const { status, body } = await plane.client().check({ token, path: wheel, extensions: upstream })
  expect(status).toBe(401)
  expect(JSON.parse(body).title).toBe('API token expired')
})

test.each([
  ['Bearer', (token: string) => `Bearer ${token}`],
  ['user of Basic', (token: string) => `Basic ${btoa(`${token}:`)}`],
  ['password of Basic', (token: string) => `Basic ${btoa(`__token__:${token}`)}`],
  ['password of Basic without user', (token: string) => `Basic ${btoa(`:${token}`)}`],
])('a token is accepted as %s', async (_, headerOf) => {
  await using plane = await startPlane()
  const authorization = headerOf(await plane.token())
  const { allowed } = await plane.client().check({ path: wheel, extensions: upstream, headers: { authorization } })
  expect(allowed).toBe(true)
})

test('two Authorization headers, as Envoy joins them, are refused', async () => {
  await using plane = await startPlane()
  const token = await plane.token()
  const authorization = `Bearer ${token},Bearer ${token}`
  expect((await plane.client().check({ path: wheel, extensions: upstream, headers: { authorization } })).status).toBe(
    401,
  )
})

describe('over quota', () => {
  async function overQuota(ask: object) {
    await using plane = await startPlane()
    await plane.policy(daily)
    const client = plane.client()
    const token = await plane.token()
    await client.check({ token, path: wheel, extensions: upstream })
    return await client.check({ token, path: wheel, extensions: upstream, ...ask })
  }

  test('an installer is sent to a URL that says what ran out', async () => {
    const { status, headers, body } = await overQuota({})
    const location = Object.fromEntries(headers)['location'] ?? ''
    expect(status).toBe(302)
    expect(location).toMatch(
      /^\/-\/denied\/quota\/daily\/used-1-of-1\/resets-\d{4}-\d\d-\d\dT00-00Z\/open-this-url-to-ask$/,
    )
    expect(body).toBe('')
  })

  test('a script gets the 403 itself, with what ran out, when it resets and whom to ask', async () => {
    const { status, headers, body } = await overQuota({ headers: { 'user-agent': 'curl/8.5.0' } })
    expect(status).toBe(403)
    expect(Object.fromEntries(headers)).not.toHaveProperty('retry-after')
    const problem = JSON.parse(body)
    expect(Object.keys(problem).sort()).toEqual([
      'amount',
      'detail',
      'instance',
      'limit',
      'reset_at',
      'status',
      'title',
      'type',
      'used',
    ])
    expect(problem).toMatchObject({ limit: 'daily', used: 1, amount: 1, type: 'https://docs.example/blocked#quota' })
    expect(problem.detail).toContain('ask the platform team')
  })

  test.each([
    ['HEAD', wheel],
    ['POST', '/legacy/'],
  ])('%s %s is never redirected', async (method, path) => {
    expect((await overQuota({ method, path })).status).toBe(403)
  })

  test('the page behind that URL is 403, with and without token, and costs nothing', async () => {
    await using plane = await startPlane()
    const path = '/-/denied/quota/daily/used-1-of-1/resets-2026-11-23T00-00Z/open-this-url-to-ask'
    const client = plane.client()
    for (const token of [await plane.token(), undefined]) {
      const answer = await client.check({ ...(token && { token }), path, extensions: upstream })
      expect(answer.status).toBe(403)
      expect(Object.fromEntries(answer.headers)['x-content-type-options']).toBe('nosniff')
      expect(JSON.parse(answer.body).detail).toContain('ask the platform team')
    }
  })
})

test('an access rule denies by package, with its reason', async () => {
  await using plane = await startPlane()
  await plane.policy(
    `INSERT INTO tollgate.access_rule (id, effect, package_pattern, reason) VALUES ('bad', 'deny', 'evil-.*', 'This package steals keys')`,
  )
  const client = plane.client()
  const token = await plane.token()
  const denied = await client.check({ token, path: '/simple/Evil_Thing/', extensions: upstream })
  expect(denied.status).toBe(403)
  expect(denied.body).toContain('This package steals keys')
  expect((await client.check({ token, path: '/simple/good/', extensions: upstream })).allowed).toBe(true)
})

test('an access rule denies by network', async () => {
  await using plane = await startPlane()
  await plane.policy(
    `INSERT INTO tollgate.access_rule (id, effect, network, reason) VALUES ('net', 'deny', '203.0.113.0/24', 'Not from there')`,
  )
  const client = plane.client()
  const token = await plane.token()
  expect((await client.check({ token, path: wheel, extensions: upstream, address: '203.0.113.9' })).status).toBe(403)
  expect((await client.check({ token, path: wheel, extensions: upstream, address: '198.51.100.9' })).allowed).toBe(true)
})

test.each([
  '//packages/x.whl',
  '/packages/%2e%2e/x.whl',
  '/packages/a%2fb.whl',
  '/packages/a%00.whl',
  '/packages/%zz.whl',
  '/packages/%252e.whl',
  `/${'a'.repeat(9_000)}`,
])('a path that two servers could read differently is refused: %j', async (path) => {
  await using plane = await startPlane()
  const answer = await plane.client().check({ token: await plane.token(), path, extensions: upstream })
  expect(answer.status).toBe(400)
})
