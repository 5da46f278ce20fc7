import { readdirSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { RunningRedis } from '../../scripts/servers/redis.ts'
import { createScratchFolder } from '../../scripts/state-folder.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import { createCommandLine } from '../../src/compose/command-line.ts'
import { createRedisSpendStore } from '../../src/redis/spend-store.ts'
import { silentObserver } from '../../src/telemetry/observer.ts'
import { createLogClient } from '../rpc/support/log-client.ts'
import { startPlane, type TestPlane } from '../rpc/support/plane.ts'
import { createKeyPrefix, startOwnRedis } from '../support/redis.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }
const keyPrefix = createKeyPrefix().slice(0, -1)
let redis: RunningRedis
let admin: Redis
let plane: TestPlane
let token: string
let flowing: string

beforeAll(async () => {
  redis = await startOwnRedis()
  admin = new Redis(redis.url)
  plane = await startPlane({ store: redis.url as `redis://${string}`, settings: { TOLLGATE_KEY_PREFIX: keyPrefix } })
  await plane.policy(`
    UPDATE tollgate.price_rule SET assumed_bytes = 2000000 WHERE id = 'artifact';
    INSERT INTO tollgate.price_tier (price, from_bytes, credits_per_mb) VALUES ('artifact', 0, 1);
    INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day')`)
  token = await plane.token()
  await plane.policy(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", applies_to_account) VALUES ('b', 'daily', 'quota', 'credits', 1000000, 'day', 'bob')`,
  )
  flowing = await plane.token('bob')
  const client = plane.client()
  const logs = createLogClient(plane.address)
  const { metadata } = await client.check({ token, path: wheel, extensions: upstream })
  logs.send({ ticket: metadata['ticket'] ?? '', bodyBytes: 5_000_000 })
  await vi.waitFor(async () => expect(await plane.sql('SELECT * FROM tollgate.usage_entry')).toHaveLength(1), 5_000)
  logs.close()
  // In flight: nobody reports this one.
  await client.check({ token, path: wheel, extensions: upstream })
})

afterAll(async () => {
  admin.disconnect()
  await plane[Symbol.asyncDispose]()
  await redis.kill()
})

async function run(...words: readonly string[]) {
  const printed: string[] = []
  const print = (text: string): void => void printed.push(text)
  const settings = { DATABASE_URL: plane.databaseUrl, REDIS_URL: redis.url, TOLLGATE_KEY_PREFIX: keyPrefix }
  const code = await runCli(words, { ...createCommandLine(settings), write: print, writeError: print })
  return { code, text: printed.join('') }
}

const monitored = /^(?:set|del|incr|zadd|zrem|hset|hdel|xadd|xtrim|sadd|srem|expire|pexpire)$/i

test('a healthy installation is found healthy, counters with a reservation in flight too, and nothing is written', async () => {
  const writes: string[] = []
  const monitor = await admin.monitor()
  // The plane goes on meanwhile: its roll beats, and it tells the others what it has learnt.
  monitor.on('monitor', (_: string, [command = '', key = '']: string[]) => {
    if (monitored.test(command) && !/:(?:roll|hints)$/.test(key)) writes.push(`${command} ${key}`)
  })
  const { code, text } = await run('doctor')
  monitor.disconnect()
  expect(text).toMatch(
    /good +counters +Counters that are what the books, the streams and the pending reservations say: [12]\n/,
  )
  expect(text).toMatch(/reservations pending: 1/)
  expect(code, text).toBe(0)
  expect(writes).toEqual([])
})

test('while charges flow, it never takes a counter for wrong', async () => {
  const client = plane.client()
  const logs = createLogClient(plane.address)
  let isOver = false
  const flow = async (): Promise<void> => {
    while (!isOver) {
      const { metadata } = await client.check({ token: flowing, path: wheel, extensions: upstream })
      logs.send({ ticket: metadata['ticket'] ?? '', bodyBytes: 10_000 })
    }
  }
  const flows = [flow(), flow(), flow()]
  const codes: number[] = []
  for (let times = 0; times < 8; times += 1) codes.push((await run('doctor')).code)
  isOver = true
  await Promise.all(flows)
  logs.close()
  expect(codes).toEqual(codes.map(() => 0))
  const [entries] = await plane.sql(`SELECT count(*)::int AS count FROM tollgate.usage_entry WHERE account = 'bob'`)
  expect(Number(entries?.['count'])).toBeGreaterThan(50)
})

test('a counter that somebody changed is named, with exit code 1, also for one account and as JSON', async () => {
  const [key = ''] = await admin.keys(`${keyPrefix}:*:s:account:alice`)
  const state = (await admin.get(key)) ?? ''
  await admin.set(
    key,
    state.replace(/( q a2\S+ \d+ \d+ )(\d+)/, (_, start, used) => `${start}${Number(used) + 500}`),
  )
  const { code, text } = await run('doctor', '--account', 'alice', '--output', 'json')
  await admin.set(key, state)
  const { healthy, findings } = JSON.parse(text)
  expect(findings.filter(({ level }: { level: string }) => level === 'wrong')).toEqual([
    {
      about: 'counters',
      level: 'wrong',
      sentence: expect.stringMatching(
        /account:alice: the day's credits stand at 12.5 credits in the store; .* makes 12 credits/,
      ),
    },
  ])
  expect([healthy, code]).toEqual([false, 1])
})

test('a Redis that may evict is wrong', async () => {
  await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
  const { code, text } = await run('doctor')
  await admin.config('SET', 'maxmemory-policy', 'noeviction')
  expect(text).toContain('maxmemory-policy is allkeys-lru')
  expect(code).toBe(1)
})

test('after a restore it names what is to be done, until it was', async () => {
  const before = await run('doctor', '--after-restore')
  expect(before.text).toContain('run tollgate restored')
  expect(before.code).toBe(1)
  expect((await run('restored')).code).toBe(0)
  await expect.poll(async () => (await run('doctor', '--after-restore')).code, { timeout: 10_000 }).toBe(0)
  expect((await run('doctor', '--after-restore')).text).toMatch(/good +restore +tollgate restored was run at/)
  // Read again from its start, and booked once all the same.
  expect(
    await plane.sql('SELECT count(*)::int AS entries FROM tollgate.usage_entry WHERE account = $1', ['alice']),
  ).toEqual([{ entries: 1 }])
})

test('explain shows what the caller has in flight', async () => {
  const { text } = await run('explain', '--token', token, '--upstream', 'mirror', '--path', wheel)
  expect(text).toMatch(
    /IN FLIGHT +SINCE +OF +RESERVED +STATE +EXPIRES\n\S+ +2\S+ \S+ UTC +demo demo-1.0-py3-none-any.whl +1 request, 6 credits, 5000000 bytes +open +2/,
  )
  const json = JSON.parse(
    (await run('explain', '--token', token, '--upstream', 'mirror', '--path', wheel, '--output', 'json')).text,
  )
  expect(json.in_flight).toMatchObject([{ state: 'open', resource: 'demo', reserved: { requests: 1, credits: 6 } }])
})

test('a store that is away is a finding, not a failure', async () => {
  const printed: string[] = []
  const settings = { DATABASE_URL: plane.databaseUrl, REDIS_URL: 'redis://127.0.0.1:1' }
  const print = (text: string): void => void printed.push(text)
  const code = await runCli(['doctor'], { ...createCommandLine(settings), write: print, writeError: print })
  expect(printed.join('')).toMatch(/wrong +store +Redis is not connected/)
  expect(code).toBe(1)
})

async function runWith(changed: Readonly<Record<string, string | undefined>>, words: readonly string[] = ['doctor']) {
  const printed: string[] = []
  const print = (text: string): void => void printed.push(text)
  const settings = { DATABASE_URL: plane.databaseUrl, REDIS_URL: redis.url, TOLLGATE_KEY_PREFIX: keyPrefix, ...changed }
  const code = await runCli(words, { ...createCommandLine(settings), write: print, writeError: print })
  return { code, text: printed.join('') }
}

test('a mistyped prefix is found, and nothing is written under it', async () => {
  const { code, text } = await runWith({ TOLLGATE_KEY_PREFIX: 'mistyped' })
  expect(text).toMatch(/wrong +store +Nothing was ever counted under this TOLLGATE_KEY_PREFIX/)
  expect(code).toBe(1)
  expect(await admin.keys('mistyped*')).toEqual([])
})

test('while PostgreSQL is away, Redis and the spools are looked into all the same', async () => {
  const { code, text } = await runWith({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  expect(text).toMatch(/wrong +database /)
  expect(text).toMatch(/spool +Nothing waits in the spool/)
  expect(text).toMatch(/of which nobody knows what is booked; reservations pending: \d/)
  expect(code).toBe(1)
})

test('where there is no database, it says so and makes none', async () => {
  const folder = createScratchFolder('doctor')
  const { code, text } = await runWith({ DATABASE_URL: undefined, TOLLGATE_DATA_FOLDER: folder })
  expect(text).toMatch(/wrong +database +There is no database: DATABASE_URL is not set/)
  expect(text).toMatch(/reservations pending/)
  expect(readdirSync(folder)).toEqual([])
  expect(code).toBe(1)
})

test('a Redis for hits alone is looked into, may evict, and is wrong when it is away or refuses what is counted', async () => {
  const hits = await startOwnRedis({ args: ['--maxmemory-policy', 'volatile-ttl'] })
  const look = new Redis(hits.url)
  const doctor = () => runWith({ TOLLGATE_HITS_REDIS_URL: hits.url })
  const good = await doctor()
  await look.config('SET', 'maxmemory', '1000000')
  const evicting = await doctor()
  await look.config('SET', 'maxmemory-policy', 'noeviction')
  const full = await doctor()
  const written = await look.keys('*')
  look.disconnect()
  await hits.kill()
  const away = await doctor()
  expect(good.text).toMatch(/good +store +The Redis of TOLLGATE_HITS_REDIS_URL answers and has room\n/)
  expect(evicting.text).toMatch(
    /note +store +The Redis of TOLLGATE_HITS_REDIS_URL is full, .* by volatile-ttl it drops/,
  )
  expect(full.text).toMatch(/wrong +store +The Redis of TOLLGATE_HITS_REDIS_URL is full, /)
  expect(away.text).toMatch(/wrong +store +The Redis of TOLLGATE_HITS_REDIS_URL: Redis is not connected/)
  expect([full.code, away.code, written]).toEqual([1, 1, []])
})

test('a full Redis is wrong, and is looked into all the same', async () => {
  await admin.config('SET', 'maxmemory', '1000000')
  const { code, text } = await run('doctor')
  await admin.config('SET', 'maxmemory', '0')
  expect(text).toMatch(/wrong +store +Redis is full/)
  expect(text).toMatch(/reservations pending/)
  expect(code).toBe(1)
})

test('a counter without a row in quota_usage is compared too', async () => {
  // Warm, and not stale any more: a seed keeps its row, which is removed afterwards.
  await plane.client().check({ token: flowing, path: wheel, extensions: upstream })
  const [key = ''] = await admin.keys(`${keyPrefix}:*:s:account:bob`)
  await expect.poll(async () => (await run('doctor', '--account', 'bob')).text).toMatch(/reservations say: [12]\n/)
  const state = (await admin.get(key)) ?? ''
  await plane.sql(`UPDATE tollgate.quota_usage SET start_at = start_at - interval '2 days', end_at = end_at - interval '2 days'
    WHERE subject_id = 'bob'`)
  expect((await run('doctor', '--account', 'bob')).text).toMatch(/reservations say: [12]\n/)
  await admin.set(
    key,
    state.replace(/( q a2\S+ \d+ \d+ )(\d+)/, (_, start, used) => `${start}${Number(used) + 500}`),
  )
  const { text } = await run('doctor', '--account', 'bob')
  await admin.set(key, state)
  expect(text).toMatch(/wrong +counters +account:bob: the day's credits stand at/)
})

test('whether charges may be lost is told by where the stream begins, whatever epoch the books know', async () => {
  const [key = ''] = await admin.keys(`${keyPrefix}:*:s:account:alice`)
  const partition = Number(/\{p(\d+)\}/.exec(key)?.[1])
  const store = createRedisSpendStore({
    ...{ url: redis.url, keyPrefix: `${keyPrefix}:`, observer: silentObserver, nowMs: Date.now },
  })
  await store.ready()
  const lookWith = (position: string) => store.exam.partition(partition, { partition, epoch: 'older', position })
  const future = `${Date.now() + 1_000}-0`
  expect(await lookWith('5-0')).toMatchObject({ mayHaveLost: true, isCheckpointLost: false })
  expect(await lookWith(future)).toMatchObject({ mayHaveLost: false })
  expect(await lookWith('0-0')).toMatchObject({ mayHaveLost: false })
  await store.close()
})

test('restored makes warm counters right that are not what the restored books say', async () => {
  const [key = ''] = await admin.keys(`${keyPrefix}:*:s:account:alice`)
  const client = plane.client()
  await client.check({ token, path: wheel, extensions: upstream })
  const state = (await admin.get(key)) ?? ''
  const more = state.replace(/( q a2\S+ \d+ \d+ )\d+/, '$1777000')
  expect(more).toContain(' 777000')
  await admin.set(key, more)
  expect((await run('doctor')).code).toBe(1)
  expect((await run('restored')).code).toBe(0)
  await client.check({ token, path: wheel, extensions: upstream })
  await expect.poll(async () => (await run('doctor', '--after-restore')).code, { timeout: 10_000 }).toBe(0)
  expect(await admin.get(key)).toMatch(/ q a2/)
  expect(await admin.get(key)).not.toContain(' 777000')
})
