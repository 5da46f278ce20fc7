import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPlane, type TestPlane } from '../support/plane.ts'
import { createRateLimitClient, type RateLimitClient } from '../support/rate-limit-client.ts'

const wheel = '/packages/aa/bb/0123/demo-1.0-py3-none-any.whl'
const passed = { code: 'OK', limit: undefined, remaining: 0 }

describe.each(['memory', 'redis'] as const)('on the %s store', (store) => {
  let plane: TestPlane
  let client: RateLimitClient

  beforeAll(async () => {
    plane = await startPlane({ store })
    client = createRateLimitClient(plane.address)
    plane.defer(() => client.close())
    await plane.policy(`
      INSERT INTO tollgate.account (id, project, plan) VALUES ('carol', 'vision', 'free'), ('dave', 'vision', 'free'),
        ('erin', 'vision', 'free'), ('frank', 'vision', 'free');
      INSERT INTO tollgate.account (id, project, plan, disabled) VALUES ('gone', 'vision', 'free', true);
      INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, "window", enforce_at) VALUES
        ('daily', 'daily', 'quota', 'requests', 5, 'day', 'everything');
      INSERT INTO tollgate.descriptor_domain (id, posture, trusts_descriptors, surface, counting, shadow) VALUES
        ('edge', 'allow', false, NULL, 'all_or_nothing', false), ('strict', 'deny', false, NULL, 'all_or_nothing', false),
        ('trusting', 'allow', true, 'pypi', 'all_or_nothing', false), ('each', 'allow', true, 'pypi', 'each', false),
        ('shadow', 'allow', true, 'pypi', 'all_or_nothing', true);
      INSERT INTO tollgate.descriptor_limit (id, domain, entries, name, kind, amount, unit) VALUES
        ('per-account', 'edge', '[{"key":"api"},{"key":"rid"}]', 'per-account', 'window', 1, 'day'),
        ('any-rid', 'strict', '[{"key":"rid"}]', NULL, 'window', 1, 'day'),
        ('closed', 'trusting', '[{"key":"closed"}]', NULL, 'window', 0, 'day'),
        ('closed-each', 'each', '[{"key":"closed"}]', NULL, 'window', 0, 'day'),
        ('slots', 'trusting', '[{"key":"job"}]', 'slots', 'concurrency', 1, NULL)`)
  })
  afterAll(() => plane[Symbol.asyncDispose]())

  async function ticketOf(account: string): Promise<string> {
    const extensions = { upstream: 'mirror' }
    const answer = await plane.client().check({ token: await plane.token(account), path: wheel, extensions })
    expect(answer.allowed).toBe(true)
    return answer.metadata['ticket'] ?? ''
  }
  const ask = async (domain: string, of: Readonly<Record<string, string>>, hits = 0) => {
    const { code, statuses, headers, body } = await client.ask({ domain, descriptors: [{ of }], hits })
    return { code, status: statuses[0], headers, body }
  }
  const spend = async (account: string, hits = 1, domain = 'trusting') => (await ask(domain, { account }, hits)).status
  const lookAt = async (account: string) =>
    (await client.ask({ domain: 'trusting', descriptors: [{ of: { account }, hits: 0 }] })).statuses[0]
  const booked = (account: string) =>
    plane.sql(
      `SELECT requests::int, credits::float8, outcome, state, kind, upstream FROM tollgate.usage_entry
       WHERE account = $1 AND is_home`,
      [account],
    )

  test('a ticket without a rule shows what Check left of its limits, and takes nothing', async () => {
    const rid = await ticketOf('alice')
    for (const _ of [1, 2]) {
      const { code, status } = await ask('edge', { rid })
      expect(code).toBe('OK')
      expect(status).toMatchObject({ code: 'OK', remaining: 4, limit: { amount: 5, unit: 'DAY', name: 'daily' } })
    }
    expect((await ask('nowhere', { rid })).status).toMatchObject(passed)
  })

  test('a ticket counts for its account, whichever of its requests it is of', async () => {
    const [first, second, other] = [await ticketOf('bob'), await ticketOf('bob'), await ticketOf('erin')]
    expect((await ask('edge', { api: 'a', rid: first })).code).toBe('OK')
    expect((await ask('edge', { api: 'a', rid: second })).code).toBe('OVER_LIMIT')
    expect((await ask('edge', { api: 'a', rid: other })).code).toBe('OK')
  })

  test('text names nobody: it is refused whatever the posture, unless it ends a stream, and matches no rule', async () => {
    for (const domain of ['edge', 'strict', 'trusting']) {
      const refused = await ask(domain, { api: 'b', rid: 'alice' })
      expect(refused).toMatchObject({ code: 'OVER_LIMIT', status: { limit: undefined } })
      expect(JSON.parse(refused.body)).toMatchObject({ status: 429, detail: expect.stringContaining('ticket') })
      expect((await ask(domain, { api: 'b', rid: 'alice', stream_done: 'yes' })).status).toMatchObject(passed)
    }
    for (const domain of ['shadow', 'nowhere'])
      expect((await ask(domain, { api: 'b', rid: 'alice' })).status).toMatchObject(passed)
    expect((await ask('edge', { account: 'alice' })).status).toMatchObject(passed)
  })

  test('a trusted account is charged one request and one credit a hit, once and for good', async () => {
    expect(await spend('carol', 3)).toMatchObject({ code: 'OK', remaining: 2, limit: { name: 'daily' } })
    expect(await spend('carol', 3)).toMatchObject({ code: 'OVER_LIMIT', remaining: 2, limit: { name: 'daily' } })
    const { headers, body } = await ask('trusting', { account: 'carol' }, 3)
    const told = JSON.parse(body)
    expect(told).toMatchObject({ title: 'Daily quota exhausted', limit: 'daily', used: 3, amount: 5 })
    expect(told.detail).toMatch(/^3 of 5 requests used, 3 needed; resets /)
    expect(headers['retry-after'] === undefined).toBe(told.retry_after_ms > 30_000)
    const never = await ask('trusting', { account: 'carol' }, 400)
    expect(JSON.parse(never.body)).toMatchObject({ title: 'More than the limit ever allows', used: 3, amount: 5 })
    expect(never.headers).not.toHaveProperty('retry-after')
    expect(await spend('carol', 2)).toMatchObject({ code: 'OK', remaining: 0 })
    await expect.poll(() => booked('carol'), { timeout: 5_000 }).toHaveLength(2)
    const row = { outcome: 'delivered', state: 'final', kind: 'rate_limit', upstream: '' }
    expect(await booked('carol')).toEqual([
      { ...row, requests: 3, credits: 3 },
      { ...row, requests: 2, credits: 2 },
    ])
  })

  test('what a rule of the same call refuses is given back to the account, and not where each counts for itself', async () => {
    const both = (domain: string) =>
      client.ask({ domain, descriptors: [{ of: { account: 'dave' } }, { of: { closed: 'x' } }] })
    expect((await both('trusting')).code).toBe('OVER_LIMIT')
    await expect.poll(() => lookAt('dave')).toMatchObject({ code: 'OK', remaining: 5 })
    expect((await both('each')).code).toBe('OVER_LIMIT')
    await expect.poll(() => lookAt('dave')).toMatchObject({ code: 'OK', remaining: 4 })
  })

  test.each([
    ['is not there', 'nobody'],
    ['is disabled', 'gone'],
    ['is no id', `'; DROP TABLE tollgate.account; --\0`],
  ])('an account that %s is over its limit, and no wait helps', async (_, account) => {
    const { status, headers, body } = await ask('trusting', { account })
    expect(status).toMatchObject({ code: 'OVER_LIMIT', limit: undefined })
    expect(headers).not.toHaveProperty('retry-after')
    expect(JSON.parse(body)).toMatchObject({ title: 'Nobody to charge' })
  })

  test('hits that are given back change nothing of what an account has used', async () => {
    expect(await spend('frank', 2)).toMatchObject({ remaining: 3 })
    const descriptors = [{ of: { account: 'frank' }, hits: 2, isNegative: true }]
    expect(await client.ask({ domain: 'trusting', descriptors })).toMatchObject({ code: 'OK' })
    expect(await lookAt('frank')).toMatchObject({ code: 'OK', remaining: 3 })
  })

  test('a domain in shadow refuses nobody, whatever their own limits say', async () => {
    expect(await spend('nobody', 1, 'shadow')).toMatchObject({ code: 'OK' })
    expect(await spend('frank', 100, 'shadow')).toMatchObject({ code: 'OK' })
  })

  test('the end of a stream frees the slot of Check, so that a request that waits for it passes, and books nothing', async () => {
    await plane.policy(`
      INSERT INTO tollgate.account (id, project, plan) VALUES ('heidi', 'vision', 'free');
      INSERT INTO tollgate.limit_rule (id, name, kind, counts, amount, applies_to_account) VALUES
        ('one', 'one', 'concurrency', 'in_flight', 1, 'heidi')`)
    const rid = await ticketOf('heidi')
    const waiting = plane.client().check({
      ...{ token: await plane.token('heidi'), path: wheel, extensions: { upstream: 'mirror' } },
    })
    for (const value of ['', 'yes']) {
      const { code, status } = await ask('nowhere', { stream_done: value, rid }, 1_000_000)
      expect({ code, ...status }).toMatchObject({ ...passed, code: 'OK' })
    }
    expect((await waiting).allowed).toBe(true)
    expect(await booked('heidi')).toEqual([])
  })

  test('a trusted request holds a slot until its end is told, which charges nothing', async () => {
    const of = (request_id: string) => ({ job: 'render', request_id })
    expect((await ask('trusting', of('r1'))).code).toBe('OK')
    expect((await ask('trusting', of('r2'))).code).toBe('OVER_LIMIT')
    const end = await ask('trusting', { ...of('r1'), stream_done: 'yes' }, 1_000)
    expect(end.status).toMatchObject(passed)
    expect((await ask('trusting', of('r2'))).code).toBe('OK')
  })
})
