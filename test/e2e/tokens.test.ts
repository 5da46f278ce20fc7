import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, untilReply } from '../../demo/caller.ts'
import type { World } from '../../demo/world.ts'
import { addAccount } from '../support/people.ts'
import { createWorld } from '../support/world.ts'

const UNKNOWN = 'tg_000000000000000000000000000000_000000'

let world: World
let expired: string

beforeAll(async () => {
  world = await createWorld({ store: 'redis' })
  await world.sql(`DELETE FROM tollgate.account WHERE id = 'anonymous'`)
  expired = await addAccount(world, 'dave')
  await world.sql(
    `UPDATE tollgate.token SET created_at = now() - interval '2 days', expires_at = now() - interval '1 second' WHERE account = 'dave'`,
  )
  await untilReply({ url: `${world.baseUrl}/quota/status`, token: expired }, ({ status }) => status === 401, 5_000)
})

afterAll(() => world.stop())

test('no token, an unknown and an expired one are answered 401 with both challenges, and reach no upstream', async () => {
  const reached = world.mirror.requests().length
  for (const token of [undefined, UNKNOWN, expired]) {
    const reply = await call({ url: `${world.baseUrl}/simple/fig/`, ...(token === undefined ? {} : { token }) })
    expect(reply.status).toBe(401)
    expect(reply.body).toContain('"status":401')
  }
  const { headers } = await fetch(`${world.baseUrl}/simple/fig/`)
  expect(headers.get('www-authenticate')).toBe('Basic realm="tollgate", Bearer realm="tollgate"')
  expect(world.mirror.requests()).toHaveLength(reached)
})

test.for([
  ['26.3', 'WARNING: 401 Error, Credentials not correct for'],
  // Without a terminal to ask at, older pips keep the reason of an index page to themselves.
  ['23.2.1', 'ERROR: No matching distribution found for fig'],
] as const)('pip %s with an unknown or expired token ends with "%s"', async ([version, text]) => {
  for (const token of [UNKNOWN, expired]) {
    const run = await world.installers.pip(version, { indexUrl: world.indexUrl(token), packages: ['fig'] })
    expect(run.text).toContain(text)
    expect(run.code).toBe(1)
  }
})

test('uv says that valid credentials are missing', async () => {
  for (const token of [undefined, UNKNOWN, expired]) {
    const run = await world.installers.uv({ indexUrl: world.indexUrl(token), packages: ['fig'] })
    expect(run.text).toContain('lack of valid authentication credentials (401 Unauthorized)')
    expect(run.code).not.toBe(0)
  }
})

test('a token works in every form that installers send', async () => {
  const token = await addAccount(world, 'erin')
  const url = `${world.baseUrl}/simple/fig/`
  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`
  for (const authorization of [
    `Bearer ${token}`,
    basic(`__token__:${token}`),
    basic(`:${token}`),
    basic(`${token}:`),
  ]) {
    expect((await call({ url, headers: { authorization } })).status).toBe(200)
  }
})

test('a token revoked by SQL is refused within a second, and pip with it installs nothing', async () => {
  const token = await addAccount(world, 'frank')
  const ask = { url: `${world.baseUrl}/simple/fig/`, token }
  expect((await call(ask)).status).toBe(200)
  await world.sql(`UPDATE tollgate.token SET revoked_at = now() WHERE account = 'frank'`)
  const { durationMs } = await untilReply(ask, ({ status }) => status === 401, 5_000)
  expect(durationMs).toBeLessThan(1_000)
  const run = await world.installers.pip('26.3', { indexUrl: world.indexUrl(token), packages: ['fig'] })
  expect(run.text).toContain('401')
  expect(run.modules).toEqual([])
})
