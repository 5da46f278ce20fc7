import { expect, test } from 'vitest'
import { createCommandTools } from '../../../src/compose/command-tools.ts'
import { createOperatorsRequestTools } from '../../../src/compose/request-tools.ts'
import { decideRequest } from '../../../src/manage/decide-request.ts'
import { endGrant } from '../../../src/manage/end-grant.ts'
import { requestMore } from '../../../src/manage/request-more.ts'
import { takeBridge } from '../../../src/manage/take-bridge.ts'
import type { Actor } from '../../../src/manage/who-may.ts'
import { readSettings } from '../../../src/settings.ts'
import { createKeyPrefix, sharedRedisUrl, startOwnRedis } from '../../support/redis.ts'
import type { CheckAnswer } from '../support/check-client.ts'
import { startPlane } from '../support/plane.ts'

const ask = { path: '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl', extensions: { upstream: 'mirror' } }
const alice: Actor = { kind: 'account', id: 'alice', role: 'member', project: 'vision' }
const lea: Actor = { kind: 'account', id: 'lea', role: 'lead', project: 'vision' }
/** Ten times what is promised: how long it took is printed. */
const msMax = 10_000

const policy = `
  UPDATE tollgate.plan SET bridge_percent = 50;
  INSERT INTO tollgate.account (id, project, plan, role) VALUES ('lea', 'vision', 'free', 'lead');
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", time_zone) VALUES ('daily', 'daily', 'quota', 'credits', 2, 'month', 'UTC');
  INSERT INTO tollgate.limit_rule (id, name, kind, counts, per, amount, "window", time_zone) VALUES
    ('budget', 'budget', 'quota', 'credits', 'project', 100000, 'month', 'UTC')`

/** A served Tollgate, the tools of its people, and alice with nothing left. */
async function startWithNothingLeft(store: 'redis' | 'memory', redisUrl = sharedRedisUrl()) {
  await using started = new AsyncDisposableStack()
  const keyPrefix = createKeyPrefix().slice(0, -1)
  const settings = { TOLLGATE_KEY_PREFIX: keyPrefix, ...(store === 'redis' && { REDIS_URL: redisUrl }) }
  const plane = started.use(await startPlane({ store, settings }))
  await plane.policy(policy)
  const tools = createCommandTools(
    readSettings({
      DATABASE_URL: plane.databaseUrl,
      ...settings,
    }),
  )
  started.defer(() => tools.close())
  const token = await plane.token()
  const client = plane.client()
  const check = (): Promise<CheckAnswer> => client.check({ ...ask, token })
  expect((await check()).allowed).toBe(true)
  expect((await check()).allowed).toBe(true)
  expect((await check()).allowed).toBe(false)
  const requests = await createOperatorsRequestTools(tools)
  const stack = started.move()
  return { plane, check, requests, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** Milliseconds until a check is answered so. */
async function msUntil(check: () => Promise<CheckAnswer>, isAllowed: boolean): Promise<number> {
  const startMs = performance.now()
  while ((await check()).allowed !== isAllowed) {
    if (performance.now() - startMs > msMax)
      throw new Error(`Still ${isAllowed ? 'refused' : 'allowed'} after ${msMax} ms`)
  }
  return performance.now() - startMs
}

/** Where a refused installer is sent: the page says used and amount. */
async function shownTo(check: () => Promise<CheckAnswer>): Promise<string> {
  return (await check()).headers.find(([name]) => name === 'location')?.[1] ?? ''
}

test.each(['redis', 'memory'] as const)(
  'with counters in %s an approval is in force on the running window, and over when it ends',
  async (store) => {
    await using office = await startWithNothingLeft(store)
    const wish = { actor: alice, askedBy: 'alice', limitName: 'daily', amount: '9000', reason: 'A release' }
    const asked = await requestMore(office.requests, { ...wish, untilMs: Date.now() + 3_600_000 })
    expect((await office.check()).allowed).toBe(false)
    await decideRequest(office.requests, { actor: lea, id: asked.id, decision: 'approve' })
    const passesMs = await msUntil(office.check, true)
    await endGrant(office.requests, { actor: { kind: 'operator' }, id: asked.id })
    const refusedMs = await msUntil(office.check, false)
    console.log(`approval in force after ${passesMs.toFixed(1)} ms, ended after ${refusedMs.toFixed(1)} ms (${store})`)
    expect(passesMs).toBeLessThan(msMax)

    // What was used of it stays used.
    expect(await shownTo(office.check)).toMatch(/used-\d+-of-2\//)
  },
)

test('a grant ends by itself at its time', async () => {
  await using office = await startWithNothingLeft('memory')
  const wish = { actor: alice, askedBy: 'alice', limitName: 'daily', amount: '9000', untilMs: Date.now() + 1_500 }
  const { id, endsAtMs } = await requestMore(office.requests, wish)
  await decideRequest(office.requests, { actor: lea, id, decision: 'approve' })
  await msUntil(office.check, true)
  await expect.poll(() => office.check().then(({ allowed }) => allowed), { interval: 400, timeout: msMax }).toBe(false)
  expect(Date.now()).toBeGreaterThanOrEqual(endsAtMs)
  expect(await shownTo(office.check)).toMatch(/used-\d+-of-2\//)
})

test('a bridge lets the next check pass', async () => {
  await using office = await startWithNothingLeft('memory')
  expect(await takeBridge(office.requests, { actor: alice, account: 'alice', limitName: 'daily' })).toMatchObject({
    amount: '1',
  })
  await msUntil(office.check, true)
  expect((await office.check()).allowed).toBe(false)
})

test('a lead approves what the store says is left of the project, whoever of it used the rest', async () => {
  await using office = await startWithNothingLeft('redis')
  const wish = { actor: alice, askedBy: 'alice', limitName: 'daily', untilMs: Date.now() + 3_600_000 }
  const over = await requestMore(office.requests, { ...wish, amount: '99998.001' })
  const approve = { actor: lea, decision: 'approve' } as const
  await expect(decideRequest(office.requests, { ...approve, id: over.id })).rejects.toMatchObject({
    code: 'forbidden',
    message: /99998 credits at most/,
  })
  await decideRequest(office.requests, { ...approve, id: over.id, amount: '99997' })
  const another = await requestMore(office.requests, { ...wish, amount: '2' })
  await expect(decideRequest(office.requests, { ...approve, id: another.id })).rejects.toMatchObject({
    message: /1 credit at most/,
  })
})

test('while the store is away a lead approves nothing and declines all the same, and an administrator approves', async () => {
  await using stack = new AsyncDisposableStack()
  const redis = await startOwnRedis()
  stack.defer(() => redis.stop())
  const office = stack.use(await startWithNothingLeft('redis', redis.url))
  const wish = { actor: alice, askedBy: 'alice', limitName: 'daily', amount: '5', untilMs: Date.now() + 3_600_000 }
  const asked = await requestMore(office.requests, wish)
  const budget = { account: 'alice', project: 'vision', counts: 'credits', surface: 'any' } as const
  expect(await office.requests.budget.remaining(budget)).toBe(99_998_000)
  await expect(office.requests.budget.remaining({ ...budget, project: 'speech' })).rejects.toMatchObject({
    message: /moved/,
  })
  await redis.stop()
  await expect(decideRequest(office.requests, { actor: lea, id: asked.id, decision: 'approve' })).rejects.toMatchObject(
    {
      code: 'store_unavailable',
      message: /a lead cannot approve/,
    },
  )
  await decideRequest(office.requests, { actor: { kind: 'operator' }, id: asked.id, decision: 'approve' })
  const second = await requestMore(office.requests, wish)
  await decideRequest(office.requests, { actor: lea, id: second.id, decision: 'decline' })
})
