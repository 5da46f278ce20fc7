import { expect, test } from 'vitest'
import { createLogClient } from '../support/log-client.ts'
import { startPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }
const rate = `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every) VALUES ('r', 'requests', 'rate', 'requests', 1, 2, '10 seconds')`

test('beyond its burst a rate answers 429 with an integer Retry-After and the exact wait in the body', async () => {
  await using plane = await startPlane()
  await plane.policy(rate)
  const client = plane.client()
  const token = await plane.token()
  const ask = { token, path: wheel, extensions: upstream }
  expect([(await client.check(ask)).allowed, (await client.check(ask)).allowed]).toEqual([true, true])
  const refused = await client.check(ask)
  expect(refused.status).toBe(429)
  const headers = Object.fromEntries(refused.headers)
  expect(headers['content-type']).toBe('application/problem+json')
  expect(headers['cache-control']).toBe('no-store')
  expect(headers['retry-after']).toBe('10')
  const body = JSON.parse(refused.body)
  expect(body.retry_after_ms).toBeGreaterThan(9_000)
  expect(body.retry_after_ms).toBeLessThanOrEqual(10_000)
  expect(body).toMatchObject({ status: 429, limit: 'requests' })
  expect(headers['ratelimit']).toMatch(/^"requests";r=0;t=\d+$/)
})

test('an index page over its rate is refused too', async () => {
  await using plane = await startPlane()
  await plane.policy(rate)
  const client = plane.client()
  const token = await plane.token()
  const ask = { token, path: '/simple/demo/', extensions: upstream }
  await client.check(ask)
  await client.check(ask)
  expect((await client.check(ask)).status).toBe(429)
})

test('an upload over its rate gets no Retry-After', async () => {
  await using plane = await startPlane()
  await plane.policy(rate)
  const client = plane.client()
  const token = await plane.token()
  const ask = {
    token,
    method: 'POST',
    path: '/legacy/',
    extensions: upstream,
    headers: { 'user-agent': 'twine/7.0.0 CPython/3.11.7' },
  }
  await client.check(ask)
  await client.check(ask)
  const refused = await client.check(ask)
  expect(refused.status).toBe(429)
  expect(Object.fromEntries(refused.headers)).not.toHaveProperty('retry-after')
})

test('a refused request takes nothing from its other limits', async () => {
  await using plane = await startPlane()
  await plane.policy(rate)
  await plane.policy(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day')`,
  )
  const client = plane.client()
  const token = await plane.token()
  for (let time = 0; time < 5; time += 1) await client.check({ token, path: wheel, extensions: upstream })
  const status = await client.check({ token, path: '/quota/status', extensions: upstream })
  expect(JSON.parse(status.body)).toMatchObject({ used: 2, limit: 100 })
})

test('a limit in shadow counts and never refuses', async () => {
  await using plane = await startPlane()
  await plane.policy(rate)
  await plane.policy(`UPDATE tollgate.limit_rule SET shadow = true`)
  const client = plane.client()
  const token = await plane.token()
  for (let time = 0; time < 4; time += 1) {
    expect((await client.check({ token, path: wheel, extensions: upstream })).allowed).toBe(true)
  }
  expect(plane.counts.get('limit_overruns_total[rate,account]')).toBe(2)
})

test('callers without credentials are limited each by their own address', async () => {
  await using plane = await startPlane()
  await plane.policy(`
    INSERT INTO tollgate.account (id, project, plan) VALUES ('anonymous', 'vision', 'free');
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, burst, every) VALUES
      ('a', 'per-address', 'rate', 'requests', 'address', 1, 2, '10 seconds')`)
  const client = plane.client()
  const from = async (address: string) => (await client.check({ path: wheel, extensions: upstream, address })).status
  expect([await from('198.51.100.1'), await from('198.51.100.1'), await from('198.51.100.1')]).toEqual([0, 0, 429])
  expect(await from('198.51.100.2')).toBe(0)
  // IPv6 callers own a /64, so they are counted by it.
  expect([await from('2001:db8::1'), await from('2001:db8::2'), await from('2001:db8::3')]).toEqual([0, 0, 429])
  expect(await from('2001:db8:0:1::1')).toBe(0)
})

test('a rate on bytes lets a file of unknown size pass when it is full, and refuses for ever only one that is known to be larger', async () => {
  await using plane = await startPlane()
  await plane.policy(`
    UPDATE tollgate.price_rule SET assumed_bytes = 2000000 WHERE id = 'artifact';
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, burst, every)
    VALUES ('b', 'bytes', 'rate', 'bytes', 1000, 1000000, '10 seconds')`)
  const client = plane.client()
  const ask = { token: await plane.token(), path: wheel, extensions: upstream }
  const first = await client.check(ask)
  expect(first.allowed).toBe(true)
  const second = await client.check(ask)
  expect(second.status).toBe(429)
  expect(JSON.parse(second.body).retry_after_ms).toBeGreaterThan(0)
  const logs = createLogClient(plane.address)
  logs.send({ ticket: first.metadata['ticket'] ?? '', bodyBytes: 1_500_000, contentLength: 1_500_000 })
  await logs.finish()
  await expect.poll(async () => (await client.check(ask)).status).toBe(403)
})
