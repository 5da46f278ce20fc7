import { describe, expect, test } from 'vitest'
import { createCheckClient } from '../support/check-client.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }
/** As long as Envoy waits for a held Check. */
const envoyMs = 4_000

/** Two at once, then one each `every`; whoever comes later is held up to 3 s, as is the default for packages. */
const rate = (every: string): string => `
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, surface, amount, burst, every)
  VALUES ('r', 'steady', 'rate', 'requests', 'pypi', 1, 2, '${every}')`

async function timed(plane: TestPlane, token: string, timeoutMs = envoyMs) {
  const startedMs = performance.now()
  const answer = await plane.client(timeoutMs).check({ token, path: wheel, extensions: upstream })
  return { ...answer, tookMs: performance.now() - startedMs }
}

describe.each(['memory', 'redis'] as const)('on the %s store', (store) => {
  test('beyond its burst a rate on packages holds the caller as long as it must, then lets it pass', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(rate('400 milliseconds'))
    const token = await plane.token()
    const answers = await Promise.all(Array.from({ length: 5 }, () => timed(plane, token)))
    expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, true, true, true])
    const waits = answers.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b)
    // Earlier than that none may be let go; later is the machine's business.
    for (const [index, atLeastMs] of [0, 0, 350, 750, 1_150].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(atLeastMs)
    }
    const status = await plane.client().check({ token, path: '/quota/status', extensions: upstream })
    expect(status.status).toBe(200)
  })

  test('who would wait longer than that gets 429 at once', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(rate('10 seconds'))
    const token = await plane.token()
    expect((await timed(plane, token)).allowed).toBe(true)
    expect((await timed(plane, token)).allowed).toBe(true)
    expect(await timed(plane, token)).toMatchObject({ status: 429 })
  })

  test('a caller that leaves while it is held gives everything back', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(rate('2 seconds'))
    await plane.policy(
      `INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window") VALUES ('d', 'daily', 'quota', 'credits', 100, 'day')`,
    )
    const token = await plane.token()
    const client = plane.client(envoyMs)
    const ask = { token, path: wheel, extensions: upstream }
    for (let nth = 0; nth < 2; nth += 1) expect((await client.check(ask)).allowed).toBe(true)
    const isHeld = expect.poll(() => plane.gauges.get('checks_held'), { timeout: 5_000 }).toBe(1)
    await client.checkAndLeave(ask, isHeld)
    const usage = async () => {
      const { body } = await client.check({ token, path: '/quota/status', extensions: upstream })
      const { limits } = JSON.parse(body) as { limits: { name: string; used: number }[] }
      return Object.fromEntries(limits.map(({ name, used }) => [name, used]))
    }
    await expect.poll(usage, { timeout: 5_000 }).toMatchObject({ daily: 2 })
    expect((await usage())['steady']).toBeLessThanOrEqual(2)
    expect(plane.counts.get('checks_undelivered_total[allow]')).toBe(1)
  })
})

test('Tollgate holds nobody longer than its caller waits', async () => {
  await using plane = await startPlane({ store: 'memory' })
  await plane.policy(rate('2 seconds'))
  const token = await plane.token()
  for (let nth = 0; nth < 2; nth += 1) expect((await timed(plane, token)).allowed).toBe(true)
  expect(await timed(plane, token, 1_000)).toMatchObject({ status: 429 })
})

test('an account that has its callers held already is refused at once, another one is held', async () => {
  await using plane = await startPlane({ store: 'memory', settings: { TOLLGATE_HELD_PER_ACCOUNT_MAX: '1' } })
  // Two may be held for it within 3 s.
  await plane.policy(rate('1400 milliseconds'))
  const [alice, bob] = [await plane.token('alice'), await plane.token('bob')]
  const isHeld = (count: number) => expect.poll(() => plane.gauges.get('checks_held'), { timeout: 5_000 }).toBe(count)
  const client = plane.client(envoyMs)
  for (const token of [bob, bob, alice, alice]) {
    expect((await client.check({ token, path: wheel, extensions: upstream })).allowed).toBe(true)
  }
  const enough = Promise.withResolvers<void>()
  const held = client.checkAndLeave({ token: alice, path: wheel, extensions: upstream }, enough.promise)
  await isHeld(1)
  expect((await client.check({ token: alice, path: wheel, extensions: upstream })).status).toBe(429)
  expect(plane.counts.get('holds_refused_total[account]')).toBe(1)
  const other = client.checkAndLeave({ token: bob, path: wheel, extensions: upstream }, enough.promise)
  await isHeld(2)
  enough.resolve()
  await Promise.all([held, other])
})

test('who is held when the process stops passes before it is gone', async () => {
  const plane = await startPlane({ store: 'memory' })
  await plane.policy(rate('2 seconds'))
  const token = await plane.token()
  const client = createCheckClient(plane.address, { timeoutMs: envoyMs })
  const ask = { token, path: wheel, extensions: upstream }
  for (let nth = 0; nth < 2; nth += 1) expect((await client.check(ask)).allowed).toBe(true)
  const held = client.check(ask)
  await expect.poll(() => plane.gauges.get('checks_held'), { timeout: 5_000 }).toBe(1)
  const stopped = plane[Symbol.asyncDispose]()
  expect((await held).allowed).toBe(true)
  expect(plane.counts.get('check_held_seconds[released]')).toBe(1)
  client.close()
  await stopped
})

test('a rate on GPU calls refuses at once', async () => {
  await using plane = await startPlane({ store: 'memory' })
  await plane.policy(`INSERT INTO tollgate.limit_rule (id, name, kind, counts, surface, amount, burst, every)
    VALUES ('g', 'calls', 'rate', 'requests', 'gpu', 1, 1, '1 second')`)
  const ask = { token: await plane.token(), path: '/v1/models', extensions: { upstream: 'gpu' } }
  const client = plane.client(envoyMs)
  expect((await client.check(ask)).allowed).toBe(true)
  expect((await client.check(ask)).status).toBe(429)
})
