import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningTollgate, serveTollgate } from '../../demo/tollgate.ts'
import { createScratchFolder, createSocketFolder } from '../../scripts/state-folder.ts'
import { createDatabase, type TestDatabase } from '../support/databases.ts'
import { createKeyPrefix, sharedRedisUrl } from '../support/redis.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createDatabase()
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(`INSERT INTO tollgate.descriptor_domain (id, headers) VALUES ('mirror', 'ratelimit')`)
  await client.query(`INSERT INTO tollgate.descriptor_limit (id, domain, entries, name, kind, amount, unit) VALUES
    ('by-user', 'mirror', '[{"key":"user"}]', 'by user', 'window', 2, 'day')`)
  await client.end()
})
afterAll(() => database.drop())

function serve(processes?: number): Promise<RunningTollgate> {
  const folder = createScratchFolder('ops-json')
  const settings = {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    TOLLGATE_KEY_PREFIX: createKeyPrefix().slice(0, -1),
    TOLLGATE_DATA_FOLDER: folder,
    TOLLGATE_GRPC_SOCKET: join(createSocketFolder(), 'tollgate.sock'),
    TOLLGATE_DRAIN_MS: '0',
  }
  return serveTollgate({ settings, logFile: join(folder, 'log'), ...(processes && { processes }) })
}

test.each([
  ['one process', undefined, ['OK', 'OVER_LIMIT', 'unreadable']],
  ['two processes that take turns', 2, ['OK', 'OK', 'OVER_LIMIT', 'unreadable']],
] as const)('/json of %s counts as gRPC does', async (_, processes, codes) => {
  const tollgate = await serve(processes)
  const ask = async (body: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const reply = await fetch(`${tollgate.opsUrl}/json`, { method: 'POST', body: text, headers })
    return { status: reply.status, headers: reply.headers, json: (await reply.json()) as Record<string, unknown> }
  }
  const question = { domain: 'mirror', descriptors: [{ entries: [{ key: 'user', value: 'älice' }] }] }
  const first = await ask(question)
  expect([first.status, first.headers.get('content-type'), first.json]).toMatchObject([
    200,
    'application/json',
    {
      overallCode: 'OK',
      statuses: [
        {
          code: 'OK',
          currentLimit: { requestsPerUnit: 2, unit: 'DAY', name: 'by user' },
          limitRemaining: 1,
          durationUntilReset: expect.stringMatching(/^\d+(\.\d{3})?s$/),
        },
      ],
    },
  ])
  expect(first.headers.get('ratelimit')).toMatch(/^"by user";r=1;t=\d+$/)
  expect((await ask(question)).status).toBe(200)
  const refused = await ask(question)
  expect([refused.status, refused.json]).toMatchObject([
    429,
    { overallCode: 'OVER_LIMIT', statuses: [{ code: 'OVER_LIMIT' }] },
  ])
  expect(refused.headers.get('ratelimit')).toMatch(/^"by user";r=0;t=\d+$/)
  expect(await ask(question, { origin: 'https://example.org' })).toMatchObject({
    status: 403,
    json: { detail: expect.stringContaining('web pages') },
  })
  expect(await ask('{"domain": "mirror", "descriptor": []}')).toMatchObject({
    status: 400,
    json: { detail: 'descriptor is not a field of RateLimitRequest' },
  })
  const metrics = await (await fetch(`${tollgate.opsUrl}/metrics`)).text()
  const counted = metrics.match(/^tollgate_rate_limits_total\{.*\} [1-9]\d*$/gm) ?? []
  expect(counted.map((line) => /code="(\w+)"/.exec(line)?.[1]).sort()).toEqual(codes)
  expect(new Set(counted.map((line) => /process="\d"/.exec(line)?.[0])).size).toBe(processes ?? 1)
  await tollgate.stop()
})
