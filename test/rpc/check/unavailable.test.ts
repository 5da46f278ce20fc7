import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningRedis } from '../../../scripts/servers/redis.ts'
import { startOwnRedis } from '../../support/redis.ts'
import { startPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }
const quota = (posture: string): string =>
  `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", posture) VALUES ('d', 'daily', 'quota', 'credits', 100, 'day', '${posture}')`

test.each([undefined, { upstream: 'nobody' }])(
  'a request of no known upstream (%j) is 503, never allowed',
  async (extensions) => {
    await using plane = await startPlane()
    const answer = await plane
      .client()
      .check({ token: await plane.token(), path: wheel, ...(extensions && { extensions }) })
    expect(answer.status).toBe(503)
    expect(Object.fromEntries(answer.headers)['retry-after']).toBe('2')
  },
)

test('a host served by two upstreams is 503: never a guess', async () => {
  await using plane = await startPlane()
  const client = plane.client()
  const token = await plane.token()
  await plane.policy(`UPDATE tollgate.upstream SET host = 'pypi.example' WHERE id = 'mirror'`)
  expect((await client.check({ token, path: wheel, host: 'PyPI.example:8443' })).allowed).toBe(true)
  await plane.policy(`UPDATE tollgate.upstream SET host = 'pypi.example' WHERE id = 'gpu'`)
  expect((await client.check({ token, path: wheel, host: 'pypi.example' })).status).toBe(503)
})

test('a faulty limit of posture deny refuses as our own trouble where it applies', async () => {
  await using plane = await startPlane()
  await plane.policy(`ALTER TABLE tollgate.limit_rule DROP CONSTRAINT limit_amount_is_not_negative;
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", surface, posture)
      VALUES ('weekly', 'weekly', 'quota', 'requests', -5, 'day', 'pypi', 'deny')`)
  const client = plane.client()
  const token = await plane.token()
  const refused = await client.check({ token, path: wheel, extensions: upstream })
  expect(refused.status).toBe(503)
  expect(refused.body).toContain('Quotas cannot be checked at the moment')
  expect(Object.fromEntries(refused.headers)['retry-after']).toBe('2')
  expect((await client.check({ token, method: 'POST', path: '/legacy/', extensions: upstream })).status).toBe(403)
  const status = await client.check({ token, path: '/quota/status', extensions: upstream })
  expect(status.body).not.toContain('weekly')
  expect((await client.check({ token, path: '/v1/chat', extensions: { upstream: 'gpu' } })).allowed).toBe(true)
})

describe('while Redis is frozen', () => {
  let redis: RunningRedis
  beforeAll(async () => {
    redis = await startOwnRedis()
  })
  afterAll(async () => {
    process.kill(redis.pid, 'SIGCONT')
    await redis.stop()
  })

  test.each([
    ['deny', 503],
    ['allow', 0],
  ] as const)('posture %s answers %i inside the deadline of every Check', async (posture, status) => {
    await using plane = await startPlane({ store: redis.url as `redis://${string}` })
    await plane.policy(quota(posture))
    const client = plane.client(250)
    const token = await plane.token()
    expect((await client.check({ token, path: wheel, extensions: upstream })).allowed).toBe(true)
    process.kill(redis.pid, 'SIGSTOP')
    try {
      for (let time = 0; time < 20; time += 1) {
        expect((await client.check({ token, path: wheel, extensions: upstream })).status).toBe(status)
      }
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
    if (posture === 'allow') expect(plane.counts.get('away_passes_total[allow]')).toBe(20)
    await expect
      .poll(async () => (await client.check({ token, path: wheel, extensions: upstream })).metadata['ticket'])
      .toBeTruthy()
  })

  test('an upload is refused with 403, because twine repeats a 503 at once', async () => {
    await using plane = await startPlane({ store: redis.url as `redis://${string}` })
    await plane.policy(quota('deny'))
    const client = plane.client(250)
    const token = await plane.token()
    await client.check({ token, path: wheel, extensions: upstream })
    process.kill(redis.pid, 'SIGSTOP')
    try {
      expect((await client.check({ token, method: 'POST', path: '/legacy/', extensions: upstream })).status).toBe(403)
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
  })
})

test.each([
  ['an empty request', Buffer.alloc(0)],
  ['bytes that are no message', Buffer.from('ffffffffffffffffffff', 'hex')],
  ['a length beyond the end', Buffer.from('0aff01', 'hex')],
])('%s is answered, and refused', async (_, frame) => {
  await using plane = await startPlane()
  const answer = await plane.client().checkBytes(frame)
  expect(answer.allowed).toBe(false)
  expect([400, 503]).toContain(answer.status)
})

test('10,000 headers and a path of 1 MB are answered, and never allowed', async () => {
  await using plane = await startPlane()
  const client = plane.client(5_000)
  const token = await plane.token()
  const headers = Object.fromEntries(Array.from({ length: 10_000 }, (_, nth) => [`x-${nth}`, 'y']))
  expect((await client.check({ token, path: wheel, extensions: upstream, headers })).allowed).toBe(false)
  expect((await client.check({ token, path: `/${'a'.repeat(1_000_000)}`, extensions: upstream })).allowed).toBe(false)
  expect((await client.check({ token, path: wheel, extensions: upstream })).allowed).toBe(true)
})
