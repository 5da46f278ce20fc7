import { afterAll, beforeAll, expect, test } from 'vitest'
import { call, untilReply } from '../../demo/caller.ts'
import type { World } from '../../demo/world.ts'
import type { RunningRedis } from '../../scripts/servers/redis.ts'
import { addAccount } from '../support/people.ts'
import { startOwnRedis } from '../support/redis.ts'
import { createWorld } from '../support/world.ts'

/** Envoy waits this long for a Check; Tollgate answers before. */
const AUTHORIZE_MS_MAX = 1_000

let world: World
let redis: RunningRedis
let strict: string
let lenient: string

beforeAll(async () => {
  redis = await startOwnRedis()
  world = await createWorld({
    store: 'redis',
    redisUrl: redis.url,
    authorizeMsMax: AUTHORIZE_MS_MAX,
    settings: { TOLLGATE_CHECK_MS_MAX: '300' },
  })
  await world.sql('DELETE FROM tollgate.limit_rule')
  await world.sql(`SELECT tollgate.confirm_emptied('limit_rule')`)
  strict = await accountWith('strict', 'deny')
  lenient = await accountWith('lenient', 'allow')
})

afterAll(async () => {
  await world.stop()
  await redis.kill()
})

async function accountWith(id: string, posture: string): Promise<string> {
  const token = await addAccount(world, id)
  await world.sql(
    `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", enforce_at, posture, applies_to_account)
     VALUES ($1, 'e2e-daily', 'quota', 'credits', 1000, 'day', 'everything', $2, $1)`,
    [id, posture],
  )
  await untilReply({ url: `${world.baseUrl}/simple/fig/`, token }, ({ status }) => status === 200, 5_000)
  return token
}

async function timed(token: string) {
  const startedMs = performance.now()
  const reply = await call({ url: `${world.baseUrl}/simple/fig/`, token })
  return { reply, durationMs: performance.now() - startedMs }
}

async function expectPostures(): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const refused = await timed(strict)
    expect(refused.reply.status).toBe(503)
    expect(refused.reply.headers['retry-after']).toBe('2')
    expect(refused.reply.body).toContain('Temporarily unavailable')
    expect(refused.durationMs).toBeLessThan(AUTHORIZE_MS_MAX)
    const allowed = await timed(lenient)
    expect(allowed.reply.status).toBe(200)
    expect(allowed.durationMs).toBeLessThan(AUTHORIZE_MS_MAX)
  }
  const stats = await world.envoy.stats('ext_authz.error')
  expect(Object.values(stats).every((count) => count === 0)).toBe(true)
}

async function expectServed(token: string): Promise<void> {
  await untilReply({ url: `${world.baseUrl}/simple/fig/`, token }, ({ status }) => status === 200, 20_000)
}

test('while Redis is frozen every Check is answered in time: deny says 503, allow lets pass', async () => {
  process.kill(redis.pid, 'SIGSTOP')
  try {
    await expectPostures()
  } finally {
    process.kill(redis.pid, 'SIGCONT')
  }
  await expectServed(strict)
})

test('while Redis is stopped it is the same, and when it is back everything is served again', async () => {
  await redis.kill()
  await expectPostures()
  redis = await startOwnRedis({ port: redis.port })
  await expectServed(strict)
})
