import { get, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { call, untilReply } from '../../demo/caller.ts'
import { pipVersions } from '../../demo/installers.ts'
import { untilStatusShows } from '../../demo/status.ts'
import { fileUrl } from '../../demo/steps/leave-download.ts'
import type { World } from '../../demo/world.ts'
import { metricsOf } from '../support/metrics.ts'
import { addAccount } from '../support/people.ts'
import {
  type CaseRoute,
  callerEntry,
  fixedEntry,
  headerEntry,
  limitOfCheck,
  withCases,
} from '../support/rate-limit-mesh.ts'
import { createWorld } from '../support/world.ts'

const byBytes = { hits_addend: { format: '%BYTES_SENT%' }, apply_on_stream_done: true }
const cases: readonly CaseRoute[] = [
  { name: 'plain', rateLimits: [{ actions: [fixedEntry('route', 'plain')] }] },
  { name: 'team', rateLimits: [{ actions: [headerEntry('team', 'x-team')] }] },
  { name: 'address', rateLimits: [{ actions: [{ remote_address: {} }] }] },
  { name: 'caller', rateLimits: [{ actions: [fixedEntry('route', 'caller'), callerEntry] }] },
  { name: 'forged', rateLimits: [{ actions: [fixedEntry('route', 'caller'), headerEntry('rid', 'x-rid')] }] },
  {
    name: 'slots',
    isPerRoute: true,
    rateLimits: [
      { actions: [fixedEntry('route', 'slots'), callerEntry] },
      { actions: [fixedEntry('route', 'slots'), fixedEntry('stream_done', 'yes'), callerEntry], ...byBytes },
    ],
  },
  {
    name: 'tier',
    extensions: { limits: 'metadata' },
    rateLimits: [{ actions: [fixedEntry('route', 'tier'), callerEntry], limit: limitOfCheck('tier') }],
  },
  { name: 'closed', rateLimits: [{ actions: [fixedEntry('route', 'closed')] }] },
]

let world: World

beforeAll(async () => {
  // An access log that comes late leaves it to the end of a stream to free a slot.
  const mesh = (config: Parameters<typeof withCases>[0]) => withCases(config, { cases, logBuffer: '3s' })
  world = await createWorld({ store: 'redis', rateLimitDomain: 'edge', mesh })
  await world.sql(`INSERT INTO tollgate.descriptor_domain (id, headers) VALUES ('edge', 'both')`)
  await world.sql(`INSERT INTO tollgate.descriptor_limit (id, domain, entries, name, kind, amount, unit) VALUES
    ('plain', 'edge', '[{"key":"route","value":"plain"}]', 'plain', 'window', 2, 'day'),
    ('team', 'edge', '[{"key":"team"}]', NULL, 'window', 1, 'day'),
    ('address', 'edge', '[{"key":"remote_address","cidr":"127.0.0.0/8"}]', NULL, 'window', 1, 'day'),
    ('caller', 'edge', '[{"key":"route","value":"caller"},{"key":"rid"}]', NULL, 'window', 2, 'day'),
    ('slots', 'edge', '[{"key":"route","value":"slots"},{"key":"rid"}]', 'slots', 'concurrency', 1, NULL),
    ('tier', 'edge', '[{"key":"route","value":"tier"},{"key":"rid"}]', NULL, 'window', 1000, 'day'),
    ('closed', 'edge', '[{"key":"route","value":"closed"}]', NULL, 'window', 0, 'day')`)
  const token = await addAccount(world, 'waiter')
  await untilReply(asking(token, 'closed'), ({ status }) => status === 429, 5_000)
})

afterAll(() => world.stop())

function asking(token: string, name: string, headers: Readonly<Record<string, string>> = {}) {
  return { url: `${world.baseUrl}/simple/fig/`, token, headers: { ...headers, 'x-case': name } }
}

async function statuses(ask: Parameters<typeof call>[0], times: number): Promise<readonly number[]> {
  const found: number[] = []
  for (let index = 0; index < times; index += 1) found.push((await call(ask)).status)
  return found
}

/** Begins a download and reads no more than its head. */
function begin(url: string, token: string, name: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = { authorization: `Bearer ${token}`, 'x-case': name }
  get(url, { agent: false, headers }, resolve).once('error', reject)
  return promise
}

async function readAll(download: IncomingMessage): Promise<number> {
  let bytes = 0
  for await (const chunk of download) bytes += (chunk as Buffer).length
  return bytes
}

test('what is inside its limit passes, what is over gets 429 with Tollgate’s words and each header once', async () => {
  const token = await addAccount(world, 'plain')
  const ask = asking(token, 'plain')
  const first = await call(ask)
  expect(first.status).toBe(200)
  expect(first.headers['content-type']).toMatch(/^(text\/html|application\/vnd\.pypi)/)
  // Beside what Check tells of the account's own limits.
  expect(first.headers['ratelimit']).toMatch(/^"plain";r=1;t=\d+, "package-requests";r=\d+;t=\d+$/)
  expect(first.headers['x-ratelimit-remaining']).toBe('1')
  expect((await call(ask)).status).toBe(200)
  const over = await call(ask)
  expect(over.status).toBe(429)
  expect(over.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'x-ratelimit-remaining': '0',
    'x-envoy-ratelimited': 'true',
  })
  // Half a minute before the day is over it may be told.
  expect(Number(over.headers['retry-after'] ?? 0)).toBeLessThanOrEqual(30)
  expect(over.headers['x-ratelimit-limit']).toMatch(/^2(?:, 2;w=86400(?:;name="plain")?)?$/)
  expect(JSON.parse(over.body)).toMatchObject({ status: 429, limit: 'plain', amount: 2 })
})

describe.each(pipVersions)('pip %s whose limit is used up for long ends within a minute', (version) => {
  const pip = (token: string) =>
    world.installers.pip(version, {
      indexUrl: world.indexUrl(token),
      packages: ['fig'],
      durationMsMax: 60_000,
    })

  test('at an index page, of whose refusal it never tells', async () => {
    const token = await limited(`page-${version}`)
    const run = await pip(token)
    expect(run.text).toContain('No matching distribution found for fig')
    expect(run.code).toBe(1)
  })

  test('at a file, with the refusal and its URL', async () => {
    const token = await limited(`file-${version}`, { left: 1 })
    const run = await pip(token)
    expect(run.text).toMatch(/HTTP error 429 while getting \S+\/fig-/)
    expect(run.code).toBe(1)
  })
})

/** An account that may ask so often more in this year: like a limit for a day, without a midnight inside the test. */
async function limited(given: string, { left = 0 } = {}): Promise<string> {
  const account = given.replaceAll('.', '-')
  const token = await addAccount(world, account)
  const ask = { url: `${world.baseUrl}/simple/fig/`, token }
  await world.sql(
    `INSERT INTO tollgate.descriptor_limit (id, domain, entries, amount, unit)
     VALUES ('${account}', 'edge', '[{"key":"rid","value":"${account}"}]', 0, 'year')`,
  )
  await untilReply(ask, ({ status }) => status === 429, 5_000)
  await world.sql(`UPDATE tollgate.descriptor_limit SET amount = ${left + 1} WHERE id = '${account}'`)
  await untilReply(ask, ({ status }) => status === 200, 5_000)
  return token
}

test('entries come from headers and addresses, and a request without the header is not asked about', async () => {
  const token = await addAccount(world, 'team')
  const of = (team: string) => asking(token, 'team', { 'x-team': team })
  expect(await statuses(of('red'), 2)).toEqual([200, 429])
  expect(await statuses(of('blue'), 1)).toEqual([200])
  expect(await statuses(asking(token, 'team'), 3)).toEqual([200, 200, 200])
  expect(await statuses(asking(token, 'address'), 2)).toEqual([200, 429])
})

test('a ticket limits its own account and nobody else, and no header of a client can stand for one', async () => {
  const alice = await addAccount(world, 'rls-alice')
  const bob = await addAccount(world, 'rls-bob')
  expect(await statuses(asking(alice, 'caller'), 1)).toEqual([200])
  const forged = asking(bob, 'forged', { 'x-rid': 'rls-alice' })
  expect(await statuses(forged, 4)).toEqual([429, 429, 429, 429])
  expect(await statuses(asking(alice, 'caller', { 'x-rid': 'rls-bob' }), 2)).toEqual([200, 429])
  expect(await statuses(asking(bob, 'caller'), 3)).toEqual([200, 200, 429])
  expect((await metricsOf(world)).sum('tollgate_descriptor_cases_total', 'case="invalid_rid"')).toBe(4)
})

test('a caller without a rule of its own is charged by Check alone', async () => {
  const token = await addAccount(world, 'own')
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", enforce_at, applies_to_account)
     VALUES ('own', 'own', 'quota', 'requests', 3, 'day', 'everything', 'own')`,
  )
  await untilStatusShows(world, token, '"own"')
  expect(await statuses({ url: `${world.baseUrl}/simple/fig/`, token }, 4)).toEqual([200, 200, 200, 403])
})

test('the end of a download frees the slot of its caller, and its bytes are booked once, by the access log', async () => {
  const token = await addAccount(world, 'slots')
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, applies_to_account)
     VALUES ('slots-cap', 'cap', 'concurrency', 'in_flight', 1, 'slots')`,
  )
  await untilStatusShows(world, token, '"cap"')
  const url = await fileUrl(world, token, 'watermelon')
  const first = await begin(url, token, 'slots')
  expect(first.statusCode).toBe(200)
  const second = await begin(url, token, 'slots')
  expect(second.statusCode).toBe(429)
  await readAll(second)
  const bytes = await readAll(first)
  // Sooner than the access log can have told it.
  await untilReply({ ...asking(token, 'slots'), url }, ({ status }) => status === 200, 2_000)
  const booked = () =>
    world.sql(
      `SELECT requests::int, bytes::int FROM tollgate.usage_entry
       WHERE account = 'slots' AND kind = 'artifact' AND state = 'final' AND is_home AND requests > 0`,
    )
  await expect.poll(booked, { timeout: 15_000 }).toHaveLength(2)
  expect(await booked()).toEqual([
    { requests: 1, bytes },
    { requests: 1, bytes },
  ])
})

test('every route tells the end of its streams, with no rate limits of its own', async () => {
  const token = await addAccount(world, 'one-by-one')
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, applies_to_account)
     VALUES ('one-by-one', 'one-by-one', 'concurrency', 'in_flight', 1, 'one-by-one')`,
  )
  await untilStatusShows(world, token, '"one-by-one"')
  // The access log comes after 3 s, and Check lets a request wait for half a second.
  expect(await statuses({ url: await fileUrl(world, token, 'fig'), token }, 3)).toEqual([200, 200, 200])
})

test('a slot of descriptors is held by a download, whatever Check allows, and free when it ends', async () => {
  const token = await addAccount(world, 'held')
  const url = await fileUrl(world, token, 'watermelon')
  const first = await begin(url, token, 'slots')
  expect(first.statusCode).toBe(200)
  const refused = await begin(url, token, 'slots')
  expect([refused.statusCode, refused.headers['content-type']]).toEqual([429, 'application/problem+json'])
  await readAll(refused)
  await readAll(first)
  const { reply } = await untilReply({ ...asking(token, 'slots'), url }, ({ status }) => status === 200, 2_000)
  expect(reply.status).toBe(200)
})

test('a limit that Check tells stands for the amount of a rule, for each caller its own', async () => {
  const [two, five] = [await addAccount(world, 'tier-two'), await addAccount(world, 'tier-five')]
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", enforce_at, applies_to_account) VALUES
     ('tier-two', 'tier', 'quota', 'requests', 2, 'day', 'artifact', 'tier-two'),
     ('tier-five', 'tier', 'quota', 'requests', 5, 'day', 'artifact', 'tier-five')`,
  )
  await untilStatusShows(world, two, '"tier"')
  await untilStatusShows(world, five, '"tier"')
  expect(await statuses(asking(two, 'tier'), 3)).toEqual([200, 200, 429])
  expect(await statuses(asking(five, 'tier'), 6)).toEqual([200, 200, 200, 200, 200, 429])
})
