import { describe, expect, test } from 'vitest'
import { createKeyPrefix } from '../../support/redis.ts'
import { createLogClient } from '../support/log-client.ts'
import { startPlane, type TestPlane } from '../support/plane.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const upstream = { upstream: 'mirror' }
const envoyMs = 4_000

const cap = (amount: number): string => `
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount)
  VALUES ('c', 'at-once', 'concurrency', 'in_flight', ${amount})`

function asker(plane: TestPlane, token: string) {
  const client = plane.client(envoyMs)
  return () => client.check({ token, path: wheel, extensions: upstream })
}

describe.each(['memory', 'redis'] as const)('on the %s store', (store) => {
  test('beyond the cap a request is refused with 429, words to act on and a second to wait', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(cap(2))
    const ask = asker(plane, await plane.token())
    expect([(await ask()).allowed, (await ask()).allowed]).toEqual([true, true])
    const refused = await ask()
    expect(refused.status).toBe(429)
    expect(Object.fromEntries(refused.headers)).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' })
    expect(JSON.parse(refused.body)).toMatchObject({
      type: 'https://docs.example/blocked#concurrency',
      title: 'Too many requests at once',
      detail: '2 of 2 requests at once under way; try again when one has ended; for more ask the platform team',
      limit: 'at-once',
      used: 2,
      amount: 2,
    })
    expect(plane.counts.get('checks_total[throttle,concurrency]')).toBe(1)
  })

  test('the report of the one that ends lets the one that waits pass', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(cap(1))
    const ask = asker(plane, await plane.token())
    const first = await ask()
    const second = ask()
    await expect.poll(() => plane.gauges.get('checks_held'), { timeout: 5_000 }).toBe(1)
    const log = createLogClient(plane.address)
    log.send({ ticket: first.metadata['ticket'] ?? '', bodyBytes: 10 })
    expect((await second).allowed).toBe(true)
    log.close()
  })

  test('a caller that leaves while it waits has taken no slot', async () => {
    await using plane = await startPlane({ store })
    await plane.policy(cap(1))
    const token = await plane.token()
    const first = await asker(plane, token)()
    const isHeld = expect.poll(() => plane.gauges.get('checks_held'), { timeout: 5_000 }).toBe(1)
    await plane.client(envoyMs).checkAndLeave({ token, path: wheel, extensions: upstream }, isHeld)
    await expect.poll(() => plane.gauges.get('checks_held'), { timeout: 5_000 }).toBe(0)
    const log = createLogClient(plane.address)
    log.send({ ticket: first.metadata['ticket'] ?? '', bodyBytes: 10 })
    expect((await asker(plane, token)()).allowed).toBe(true)
    log.close()
  })
})

test('what is reported to another process is found by asking again', async () => {
  const keyPrefix = createKeyPrefix().slice(0, -1)
  await using one = await startPlane({ settings: { TOLLGATE_KEY_PREFIX: keyPrefix } })
  await one.policy(cap(1))
  const token = await one.token()
  await using two = await startPlane({ beside: { databaseUrl: one.databaseUrl, keyPrefix } })
  const first = await asker(one, token)()
  const second = asker(two, token)()
  await expect.poll(() => two.gauges.get('checks_held'), { timeout: 5_000 }).toBe(1)
  const log = createLogClient(one.address)
  log.send({ ticket: first.metadata['ticket'] ?? '', bodyBytes: 10 })
  expect((await second).allowed).toBe(true)
  log.close()
})

test('in shadow a cap counts and never refuses, and nobody waits for it', async () => {
  await using plane = await startPlane({ store: 'memory' })
  await plane.policy(cap(1))
  await plane.policy('UPDATE tollgate.limit_rule SET shadow = true')
  const ask = asker(plane, await plane.token())
  for (let nth = 0; nth < 3; nth += 1) expect((await ask()).allowed).toBe(true)
  expect(plane.counts.get('limit_overruns_total[concurrency,account]')).toBe(2)
  expect(plane.gauges.get('checks_held') ?? 0).toBe(0)
})
