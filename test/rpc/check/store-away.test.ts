import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningRedis } from '../../../scripts/servers/redis.ts'
import { createScratchFolder } from '../../../scripts/state-folder.ts'
import { createDatabase } from '../../support/databases.ts'
import { createKeyPrefix, startOwnRedis } from '../../support/redis.ts'
import { createLogClient } from '../support/log-client.ts'
import { type PlaneOptions, startPlane, type TestPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const extensions = { upstream: 'mirror' }

const polling = { timeout: 10_000 }

let redis: RunningRedis

beforeAll(async () => {
  redis = await startOwnRedis()
})

afterAll(() => redis.kill())

/** 1 credit and 1 for each MB; a size that is not known is taken for 2 MB, so an estimate is 3 credits. */
async function startPriced(posture: string, amount: number, options: PlaneOptions = {}): Promise<TestPlane> {
  const plane = await startPlane({ store: redis.url as `redis://${string}`, ...options })
  await plane.policy(`
    UPDATE tollgate.price_rule SET assumed_bytes = 2000000 WHERE id = 'artifact';
    INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 1);
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", posture)
      VALUES ('d', 'daily', 'quota', 'credits', ${amount}, 'day', '${posture}')`)
  return plane
}

async function scene(plane: TestPlane) {
  const token = await plane.token()
  const client = plane.client()
  const ask = () => client.check({ token, path: wheel, extensions })
  const used = async (): Promise<number | undefined> => {
    const { status, body } = await client.check({ token, path: '/quota/status', extensions })
    return status === 200 ? JSON.parse(body).used : undefined
  }
  const booked = async () =>
    (
      await plane.sql(
        'SELECT state, count(*)::int AS rows, sum(credits)::float AS credits FROM tollgate.usage_entry GROUP BY 1 ORDER BY 1',
      )
    ).map(({ state, rows, credits }) => `${rows} ${state}: ${credits}`)
  return { ask, used, booked }
}

async function untilAway(ask: () => Promise<{ readonly status: number }>): Promise<void> {
  await expect.poll(async () => (await ask()).status, { timeout: 10_000 }).toBe(503)
}

describe('requests that pass while Redis is gone', () => {
  test('are booked when it thaws: at their estimate, or at what the access log said meanwhile, once, in counter and ledger', async () => {
    await using plane = await startPriced('allow', 1_000)
    const { ask, used, booked } = await scene(plane)
    expect((await ask()).allowed).toBe(true)
    const logs = createLogClient(plane.address)
    process.kill(redis.pid, 'SIGSTOP')
    try {
      const tickets: string[] = []
      for (let time = 0; time < 12; time += 1) {
        const { allowed, metadata } = await ask()
        expect(allowed).toBe(true)
        tickets.push(metadata['ticket'] ?? '')
      }
      for (const ticket of tickets.slice(0, 8)) logs.send({ ticket, bodyBytes: 5_000_000 })
      for (const ticket of tickets.slice(0, 8)) logs.send({ ticket, bodyBytes: 5_000_000 })
      await expect.poll(() => plane.counts.get('access_log_entries_total[end]')).toBe(16)
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
    expect(plane.counts.get('away_passes_total[allow]')).toBe(12)
    // The first one is still pending in the store; 8 ended with 6 credits each, 4 stand at their estimate of 3.
    await expect.poll(booked, { timeout: 20_000 }).toEqual(['8 final: 48', '4 open: 12'])
    await expect.poll(used, { timeout: 20_000 }).toBe(3 + 48 + 12)
    logs.close()
  })

  test('are booked when another, empty Redis takes its place', async () => {
    await using plane = await startPriced('allow', 1_000)
    const { ask, used, booked } = await scene(plane)
    expect([...plane.warnings, plane.gauges.get('store_connected')]).toEqual([1])
    await redis.kill()
    for (let time = 0; time < 5; time += 1) expect((await ask()).allowed).toBe(true)
    await expect
      .poll(() => [...plane.warnings], polling)
      .toEqual([expect.stringContaining('The store does not answer')])
    expect(plane.gauges.get('store_connected')).toBe(0)
    redis = await startOwnRedis({ port: redis.port })
    await expect.poll(() => [...plane.warnings, plane.gauges.get('store_connected')], polling).toEqual([1])
    await expect.poll(booked, { timeout: 20_000 }).toEqual(['5 open: 15'])
    await expect.poll(used, { timeout: 20_000 }).toBe(15)
  })

  test('are booked by the next process when theirs ends before the store is back', async () => {
    await using database = await createDatabase()
    const keyPrefix = createKeyPrefix().slice(0, -1)
    const settings = { TOLLGATE_DATA_FOLDER: createScratchFolder('adopted'), TOLLGATE_KEY_PREFIX: keyPrefix }
    const first = await startPriced('allow', 1_000, { database, settings })
    const { ask } = await scene(first)
    await redis.kill()
    for (let time = 0; time < 5; time += 1) expect((await ask()).allowed).toBe(true)
    await first[Symbol.asyncDispose]()
    redis = await startOwnRedis({ port: redis.port })
    const beside = { databaseUrl: database.url, keyPrefix }
    await using next = await startPlane({ beside, store: redis.url as `redis://${string}`, settings })
    const { booked, used } = await scene(next)
    await expect.poll(booked, { timeout: 20_000 }).toEqual(['5 open: 15'])
    await expect.poll(used, { timeout: 20_000 }).toBe(15)
  })
})

test('posture local refuses above the share with the words of the limit, and the real counter has what passed when the store is back', async () => {
  await using plane = await startPriced('local', 12)
  const { ask, used } = await scene(plane)
  expect((await ask()).allowed).toBe(true)
  process.kill(redis.pid, 'SIGSTOP')
  try {
    for (let time = 0; time < 4; time += 1) expect((await ask()).allowed).toBe(true)
    const refused = await ask()
    expect(refused.status).toBe(302)
    expect(Object.fromEntries(refused.headers)['location']).toContain('/-/denied/quota/daily/used-12-of-12/')
  } finally {
    process.kill(redis.pid, 'SIGCONT')
  }
  expect(plane.counts.get('away_passes_total[local]')).toBe(4)
  await expect.poll(used, { timeout: 20_000 }).toBe(15)
  expect((await ask()).status).toBe(302)
})

test('a full spool refuses what must be booked, forgets nothing it took, and the store has all of it afterwards', async () => {
  await using plane = await startPriced('allow', 100_000, { settings: { TOLLGATE_SPOOL_MB_MAX: '1' } })
  const { ask, used } = await scene(plane)
  expect((await ask()).allowed).toBe(true)
  process.kill(redis.pid, 'SIGSTOP')
  let passed = 1
  try {
    while ((await Promise.all(Array.from({ length: 50 }, ask))).every(({ allowed }) => allowed)) passed += 50
    const refused = await ask()
    expect(refused.status).toBe(503)
    expect(refused.body).toContain('Temporarily unavailable')
    expect(plane.counts.get('spends_unavailable_total[spool]')).toBeGreaterThan(0)
    await expect
      .poll(() => [...plane.warnings], polling)
      .toContainEqual(expect.stringContaining('The spool takes nothing'))
  } finally {
    process.kill(redis.pid, 'SIGCONT')
  }
  const taken = plane.counts.get('away_passes_total[allow]') ?? 0
  expect(taken).toBeGreaterThan(500)
  await expect.poll(used, { timeout: 30_000 }).toBe(3 * (taken + 1))
  await expect.poll(() => [...plane.warnings], polling).toEqual([])
  expect(passed).toBeGreaterThan(500)
  expect((await ask()).allowed).toBe(true)
})

test('a Redis that came back with data of another layout is named as what it is', async () => {
  const keyPrefix = createKeyPrefix().slice(0, -1)
  await using plane = await startPriced('allow', 1_000, { settings: { TOLLGATE_KEY_PREFIX: keyPrefix } })
  const client = new Redis(redis.url)
  try {
    await client.set(`${keyPrefix}:meta`, 'format=99 partitions=7')
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await expect.poll(() => [...plane.warnings], polling).toEqual([expect.stringContaining('another layout')])
  } finally {
    client.disconnect()
  }
})

test('a Redis whose memory is full is named as that, and is back as soon as it has more', async () => {
  await using plane = await startPriced('allow', 1_000)
  const { ask } = await scene(plane)
  const client = new Redis(redis.url)
  try {
    await client.config('SET', 'maxmemory', '1')
    await expect.poll(() => [...plane.warnings], polling).toEqual([expect.stringContaining('OOM')])
    expect((await ask()).allowed).toBe(true)
    expect(plane.counts.get('away_passes_total[allow]')).toBe(1)
  } finally {
    await client.config('SET', 'maxmemory', '0')
    client.disconnect()
  }
  await expect.poll(() => [...plane.warnings, plane.gauges.get('store_connected')], polling).toEqual([1])
})

test('posture deny refuses, and a spend that the store took unheard is given back when it answers again', async () => {
  await using plane = await startPriced('deny', 1_000)
  const { ask, used } = await scene(plane)
  expect((await ask()).allowed).toBe(true)
  process.kill(redis.pid, 'SIGSTOP')
  try {
    await untilAway(ask)
  } finally {
    process.kill(redis.pid, 'SIGCONT')
  }
  await expect.poll(used, { timeout: 20_000 }).toBe(3)
  expect((await ask()).allowed).toBe(true)
})
