import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningRedis } from '../../../scripts/servers/redis.ts'
import type { HitStore } from '../../../src/check/hit-ports.ts'
import { createDatabase } from '../../support/databases.ts'
import { createKeyPrefix, startOwnRedis } from '../../support/redis.ts'
import { startRedisCluster } from '../../support/redis-cluster.ts'
import { createDomain, patient, perYear, type TestDomain } from '../support/descriptor-rows.ts'
import { type PlaneOptions, startPlane, type TestPlane } from '../support/plane.ts'
import { createRateLimitClient } from '../support/rate-limit-client.ts'

type RedisUrl = `redis://${string}`

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
/** Of 100 counters each. */
const callsMax = 500
const polling = { timeout: 10_000, interval: 50 }
const awayWords = /^The Redis of TOLLGATE_HITS_REDIS_URL does not answer, limits of descriptors act by their posture/

/** What counts hits may be told to forget: nobody is warned of that. */
const forgetful = { args: ['--maxmemory', '50mb', '--maxmemory-policy', 'volatile-ttl'] }

let spending: RunningRedis
let counting: RunningRedis

beforeAll(async () => {
  ;[spending, counting] = await Promise.all([startOwnRedis(), startOwnRedis(forgetful)])
})

afterAll(async () => {
  await Promise.all([spending.kill(), counting.kill()])
})

function start({ settings, ...options }: PlaneOptions = {}): Promise<TestPlane> {
  const own = { ...patient, TOLLGATE_HITS_REDIS_URL: counting.url, ...settings }
  return startPlane({ store: spending.url as RedisUrl, settings: own, ...options })
}

const limits = [
  { path: ['user'], columns: perYear(100) },
  { path: ['shut'], columns: { ...perYear(100), posture: 'deny' } },
] as const

/** Alice's installs, held to a limit that refuses when it cannot be counted. */
async function startCheck(plane: TestPlane): Promise<() => Promise<boolean>> {
  await plane.policy(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", enforce_at, posture)
    VALUES ('daily', 'daily', 'quota', 'requests', 1000, 'day', 'everything', 'deny')`)
  const asked = { token: await plane.token(), path: wheel, extensions: { upstream: 'mirror' } }
  const client = plane.client(10_000)
  return async () => (await client.check(asked)).allowed
}

/** What is left of a user's limit, told by another process than the domain's own. */
async function leftOn(plane: TestPlane, { id }: TestDomain, user: string): Promise<number | undefined> {
  const client = createRateLimitClient(plane.address, { timeoutMs: 20_000 })
  const { statuses } = await client.ask({ domain: id, descriptors: [{ of: { user } }] })
  client.close()
  return statuses[0]?.remaining
}

async function keysOf({ url }: RunningRedis): Promise<readonly string[]> {
  const redis = new Redis(url)
  return redis.keys('*').finally(() => redis.disconnect())
}

const states = ({ gauges }: TestPlane) => [gauges.get('store_connected'), gauges.get('hits_store_connected')]

describe('TOLLGATE_HITS_REDIS_URL', () => {
  test('hits are counted there, all else where it was, and that it may evict is no warning', async () => {
    await using plane = await start()
    const check = await startCheck(plane)
    const domain = await createDomain(plane, { limits })
    expect([await domain.tell({ user: 'ann' }), await domain.tell({ user: 'ann' }), await check()]).toEqual([
      ...['OK 99', 'OK 98', true],
    ])
    const [spent, counted] = await Promise.all([keysOf(spending), keysOf(counting)])
    expect(counted.filter((key) => key.includes('user'))).toEqual([expect.stringMatching(/^test\w+:hits:{p\d{3}}:h:/)])
    expect(counted.filter((key) => !/:hits:(meta|{p\d{3}}:(h:.*|roll))$/.test(key))).toEqual([])
    expect(spent.filter((key) => key.includes(':h:'))).toEqual([])
    expect(spent.some((key) => key.includes(':s:'))).toBe(true)
    expect([...plane.warnings, plane.gauges.get('redis_may_evict'), ...states(plane)]).toEqual([0, 1, 1])
  })

  test('while it is away limits of descriptors act by their posture, and Check goes on', async () => {
    await using plane = await start()
    const check = await startCheck(plane)
    const domain = await createDomain(plane, { limits })
    await counting.kill()
    await expect.poll(() => [...plane.warnings], polling).toEqual([expect.stringMatching(awayWords)])
    expect(states(plane)).toEqual([1, 0])
    expect([await domain.tell({ shut: 'ann' }), await domain.tell({ user: 'ann' })]).toEqual(['OVER_LIMIT 0', 'OK 0'])
    expect([await check(), await check()]).toEqual([true, true])
    counting = await startOwnRedis({ port: counting.port, ...forgetful })
    await expect.poll(() => [...plane.warnings, ...states(plane)], polling).toEqual([1, 1])
    expect(await domain.tell({ shut: 'ann' })).toBe('OK 99')
  })

  test('while it stands still nobody has to ask for it to be known, and it is known when it goes on', async () => {
    await using plane = await start()
    process.kill(counting.pid, 'SIGSTOP')
    try {
      await expect.poll(() => [...plane.warnings], polling).toEqual([expect.stringMatching(awayWords)])
    } finally {
      process.kill(counting.pid, 'SIGCONT')
    }
    await expect.poll(() => [...plane.warnings, ...states(plane)], polling).toEqual([1, 1])
  })

  test('while the other Redis is away descriptors are counted, and Check acts by its posture', async () => {
    await using plane = await start()
    const check = await startCheck(plane)
    const domain = await createDomain(plane, { limits })
    expect([await check(), await domain.tell({ shut: 'bob' })]).toEqual([true, 'OK 99'])
    await spending.kill()
    await expect.poll(() => states(plane), polling).toEqual([0, 1])
    expect([...plane.warnings]).toEqual([expect.stringMatching(/^The store does not answer/)])
    expect([await check(), await domain.tell({ shut: 'bob' })]).toEqual([false, 'OK 98'])
    spending = await startOwnRedis({ port: spending.port })
    await expect.poll(() => [...plane.warnings, ...states(plane)], polling).toEqual([1, 1])
  })

  test('a start goes on without it, and finds it later', async () => {
    await counting.kill()
    await using plane = await start()
    expect(await (await startCheck(plane))()).toBe(true)
    expect([...plane.warnings]).toEqual([expect.stringMatching(awayWords)])
    counting = await startOwnRedis({ port: counting.port, ...forgetful })
    await expect.poll(() => [...plane.warnings, ...states(plane)], polling).toEqual([1, 1])
  })

  test('full, it drops the counters that end soonest and goes on; told to drop none, it is as if it were away', async () => {
    const full = await startOwnRedis(forgetful)
    await using plane = await start({ settings: { TOLLGATE_HITS_REDIS_URL: full.url } })
    plane.defer(() => void full.kill())
    const domain = await createDomain(plane, {
      limits: [...limits, { path: ['soon'], columns: { amount: 5, unit: 'day' } }],
    })
    expect(await domain.tell({ shut: 'ann' })).toBe('OK 99')
    const redis = new Redis(full.url)
    plane.defer(() => redis.disconnect())
    const figure = async (name: string): Promise<number> =>
      Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await redis.info())?.[1])
    await redis.config('SET', 'maxmemory', (await figure('used_memory')) + 1_000_000)
    for (let call = 0; call < callsMax && (await figure('evicted_keys')) === 0; call += 1) {
      const descriptors = Array.from({ length: 100 }, () => ({ of: { soon: randomUUID() } }))
      expect((await domain.ask(descriptors)).code).toBe('OK')
    }
    expect(await figure('evicted_keys')).toBeGreaterThan(0)
    expect([await domain.tell({ shut: 'ann' }), ...plane.warnings]).toEqual(['OK 98'])

    await redis.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '1mb')
    await expect.poll(() => [...plane.warnings], polling).toEqual([expect.stringMatching(/OOM command not allowed/)])
    expect([await domain.tell({ shut: 'ann' }), await domain.tell({ soon: 'ann' })]).toEqual(['OVER_LIMIT 0', 'OK 0'])
    await redis.config('SET', 'maxmemory', '0')
    await expect.poll(() => [...plane.warnings], polling).toEqual([])
    expect(await domain.tell({ shut: 'ann' })).toBe('OK 97')
  })

  test('several processes count together in it', async () => {
    const keyPrefix = createKeyPrefix().slice(0, -1)
    await using one = await start({ settings: { TOLLGATE_KEY_PREFIX: keyPrefix } })
    const domain = await createDomain(one, { limits })
    await using other = await start({ beside: { databaseUrl: one.databaseUrl, keyPrefix } })
    expect(await domain.tell({ user: 'eve' })).toBe('OK 99')
    expect(await leftOn(other, domain, 'eve')).toBe(98)
  })

  test('it may be a cluster', async () => {
    const cluster = await startRedisCluster()
    await using plane = await start({ settings: { TOLLGATE_HITS_REDIS_URL: cluster.url } })
    plane.defer(() => cluster.stop())
    const check = await startCheck(plane)
    const domain = await createDomain(plane, { limits })
    const users = Array.from({ length: 20 }, (_, index) => ({ of: { user: `u${index}` } }))
    await domain.ask(users)
    const { statuses } = await domain.ask(users)
    expect(statuses.map(({ remaining }) => remaining)).toEqual(users.map(() => 98))
    expect([await check(), ...plane.warnings, ...states(plane)]).toEqual([true, 1, 1])
    const counters = await Promise.all(cluster.masters.map(keysOf))
    expect(counters.map((keys) => keys.some((key) => /^test\w+:hits:{p\d{3}}:h:/.test(key)))).toEqual([
      true,
      true,
      true,
    ])
  })

  test('beside the in-process store hits outlive their process', async () => {
    const keyPrefix = createKeyPrefix().slice(0, -1)
    await using database = await createDatabase()
    const first = await start({ store: 'memory', database, settings: { TOLLGATE_KEY_PREFIX: keyPrefix } })
    const domain = await createDomain(first, { limits })
    expect(await domain.tell({ user: 'eve' })).toBe('OK 99')
    await first[Symbol.asyncDispose]()
    await using second = await start({ store: 'memory', beside: { databaseUrl: database.url, keyPrefix } })
    expect(await leftOn(second, domain, 'eve')).toBe(98)
  })

  test('its clock may be another one: own limits of a named account are asked in the clock of their store', async () => {
    const behindMs = 3_600_000
    const behind = (real: HitStore): HitStore => ({
      release: (slots) => real.release(slots),
      nowMs: () => real.nowMs() - behindMs,
      hit: (request) => real.hit({ ...request, notAfterMs: request.notAfterMs + behindMs }),
    })
    await using plane = await start({ between: { hits: behind } })
    const domain = await createDomain(plane, { limits, columns: { trusts_descriptors: true, surface: 'pypi' } })
    await startCheck(plane)
    const named = { account: 'alice' }
    expect([await domain.tell(named), await domain.tell(named)]).toEqual(['OK 999', 'OK 998'])
  })
})
