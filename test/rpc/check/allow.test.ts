import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createScratchFolder } from '../../../scripts/state-folder.ts'
import { startPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }

describe.each(['redis', 'memory'] as const)('an allowed request (%s store)', (store) => {
  test('passes with a ticket, identity headers and without the caller’s token', async () => {
    await using plane = await startPlane({ store })
    const answer = await plane.client().check({ token: await plane.token(), path: wheel, extensions: upstream })
    expect(answer.allowed).toBe(true)
    expect(answer.upstreamHeaders).toEqual({
      'x-tollgate-account': 'alice',
      'x-tollgate-project': 'vision',
      'x-tollgate-department': 'research',
    })
    expect(answer.removed).toContain('authorization')
    expect(answer.metadata['ticket']).toMatch(/^[\w-]{22}\.\[1,/)
  })

  test('tells what is left of each enforced limit', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(
      `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 10, 'day')`,
    )
    const client = plane.client()
    const token = await plane.token()
    await client.check({ token, path: wheel, extensions: upstream })
    const { headers } = await client.check({ token, path: wheel, extensions: upstream })
    const told = Object.fromEntries(headers)
    expect(told['ratelimit-policy']).toBe('"daily";q=10;qu="credits";w=86400')
    expect(told['ratelimit']).toMatch(/^"daily";r=8;t=\d+$/)
  })

  test('tells Envoy the limits of requests where the route asks for it, and nowhere else', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(
      `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'requests', 10, 'day')`,
    )
    const client = plane.client()
    const token = await plane.token()
    const asked = { ...upstream, limits: 'metadata' }
    const told = await client.check({ token, path: wheel, extensions: asked })
    expect(told.metadata).toEqual({ ticket: expect.any(String), 'limit.daily': 'not a string' })
    const untold = await client.check({ token, path: wheel, extensions: upstream })
    expect(Object.keys(untold.metadata)).toEqual(['ticket'])
  })

  test('index pages stay readable over quota, files do not', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(
      `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 1, 'day')`,
    )
    const client = plane.client()
    const token = await plane.token()
    expect((await client.check({ token, path: wheel, extensions: upstream })).allowed).toBe(true)
    expect((await client.check({ token, path: wheel, extensions: upstream })).allowed).toBe(false)
    expect((await client.check({ token, path: '/simple/demo/', extensions: upstream })).allowed).toBe(true)
  })
})

test('/quota/status answers 200 with whole credits for the token that asks, and charges nothing', async () => {
  await using plane = await startPlane()
  await plane.policy(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 10, 'day')`,
  )
  const client = plane.client()
  const token = await plane.token()
  await client.check({ token, path: wheel, extensions: upstream })
  for (let time = 0; time < 3; time += 1) {
    const answer = await client.check({ token, path: '/quota/status', extensions: upstream })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({ used: 1, limit: 10, limit_name: 'daily' })
  }
})

test('callers without credentials are the account anonymous where the policy has one', async () => {
  await using plane = await startPlane()
  const client = plane.client()
  expect((await client.check({ path: wheel, extensions: upstream })).status).toBe(401)
  await plane.policy(`INSERT INTO tollgate.account (id, project, plan) VALUES ('anonymous', 'vision', 'free')`)
  const answer = await client.check({ path: wheel, extensions: upstream })
  expect(answer.allowed).toBe(true)
  expect(answer.upstreamHeaders).toEqual({})
  expect(answer.removed).toContain('x-tollgate-account')
  const wrong = await client.check({ path: wheel, extensions: upstream, headers: { authorization: 'Bearer nonsense' } })
  expect(wrong.status).toBe(401)
})

test('an upstream’s own credential replaces the caller’s', async () => {
  await using plane = await startPlane({ settings: { TOLLGATE_UPSTREAM_MIRROR: 'Basic bWlycm9y' } })
  const client = plane.client()
  const token = await plane.token()
  const name = (credential: string) =>
    plane.policy(`UPDATE tollgate.upstream SET credential = '${credential}' WHERE id = 'mirror'`)
  const sent = () => client.check({ token, path: wheel, extensions: upstream })
  await name('file:/nonexistent/secret')
  const without = await sent()
  expect(without.upstreamHeaders['authorization']).toBeUndefined()
  expect(without.removed).toContain('authorization')
  await name('env:TOLLGATE_UPSTREAM_MIRROR')
  expect((await sent()).upstreamHeaders['authorization']).toBe('Basic bWlycm9y')
  const path = join(createScratchFolder('secret'), 'mirror')
  writeFileSync(path, 'Basic ZmlsZQ==\n')
  await name(`file:${path}`)
  await expect.poll(async () => (await sent()).upstreamHeaders['authorization']).toBe('Basic ZmlsZQ==')
})

test('a GPU surface has its own price and its own limits', async () => {
  await using plane = await startPlane()
  await plane.policy(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, surface, amount, "window") VALUES ('g', 'gpu-daily', 'quota', 'credits', 'gpu', 9, 'day')`,
  )
  const client = plane.client()
  const token = await plane.token()
  const call = { token, method: 'POST', path: '/v1/restore', extensions: { upstream: 'gpu' } }
  expect((await client.check(call)).allowed).toBe(true)
  const second = await client.check(call)
  expect(second.status).toBe(403)
  expect(JSON.parse(second.body)).toHaveProperty('error')
  expect((await client.check({ token, path: wheel, extensions: upstream })).allowed).toBe(true)
})
