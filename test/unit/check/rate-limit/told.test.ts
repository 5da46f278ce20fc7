import { describe, expect, test } from 'vitest'
import type { RateLimitDescriptor } from '../../../../src/check/rate-limit/rate-limit-words.ts'
import type { DescriptorAmount } from '../../../../src/core/descriptor-rule.ts'
import type { Header } from '../../../../src/core/verdict.ts'
import { type Desk, desk, per, rule } from './harness.ts'

const two = [
  rule(['ip'], { id: 'ip-limit', name: 'per "ip"', amount: per('minute', 10) }),
  rule(['user'], { id: 'user-limit', amount: per('hour', 5) }),
]
const named = (headers: readonly Header[]) => Object.fromEntries(headers.map(({ name, value }) => [name, value]))
const headersOf = async ({ ask }: Desk, asked: readonly string[] = ['ip=1', 'user=ann']) =>
  named((await ask(asked)).responseHeaders)

describe('the headers of an answer', () => {
  test('tell the limit with the least left, or all of them', async () => {
    expect(await headersOf(desk(two))).toEqual({
      'ratelimit-policy': '"user";q=5;w=3600',
      ratelimit: '"user";r=4;t=3570',
    })
    expect(await headersOf(desk(two, { headersShow: 'all' }))).toEqual({
      'ratelimit-policy': '"per \\"ip\\"";q=10;w=60, "user";q=5;w=3600',
      ratelimit: '"per \\"ip\\"";r=9;t=30, "user";r=4;t=3570',
    })
  })

  test('have the form of Envoy where the domain wants it: names only of limits that have one', async () => {
    expect(await headersOf(desk(two, { headers: 'x_ratelimit' }))).toEqual({
      'x-ratelimit-limit': '5, 5;w=3600',
      'x-ratelimit-remaining': '4',
      'x-ratelimit-reset': '3570',
    })
    expect(await headersOf(desk(two, { headers: 'both', headersShow: 'all' }))).toMatchObject({
      ratelimit: expect.stringContaining('"user";r=4'),
      'x-ratelimit-limit': '5, 10;w=60;name="per \\"ip\\"", 5;w=3600',
    })
    expect(await headersOf(desk(two, { headers: 'none' }))).toEqual({})
  })

  test('tell of a rate its burst and full refill, of slots how many', async () => {
    const amount: DescriptorAmount = { kind: 'rate', amount: 2, burst: 10, period: { unit: 'second', units: 1 } }
    expect(await headersOf(desk([rule(['ip'], { amount })], { headers: 'both' }), ['ip=1'])).toEqual({
      'ratelimit-policy': '"ip";q=10;w=5',
      ratelimit: '"ip";r=9;t=1',
      'x-ratelimit-limit': '2, 2;w=1',
      'x-ratelimit-remaining': '9',
      'x-ratelimit-reset': '1',
    })
    const slots: DescriptorAmount = { kind: 'concurrency', amount: 3, slotMs: 60_000 }
    expect((await headersOf(desk([rule(['ip'], { amount: slots })]), ['ip=1']))['ratelimit-policy']).toBe(
      '"ip";q=3;qu="concurrent-requests";w=60',
    )
  })

  test('tell limits of one path apart where they have no name', async () => {
    const rules = [
      rule(['ip'], { id: 'rl-1', amount: per('second', 5) }),
      rule(['ip'], { id: 'rl-2', amount: per('day', 50) }),
      rule(['user'], { id: 'rl-3', amount: per('day', 90) }),
    ]
    expect((await headersOf(desk(rules, { headersShow: 'all' })))['ratelimit-policy']).toBe(
      '"ip per second";q=5;w=1, "ip per day";q=50;w=86400, "user";q=90;w=86400',
    )
    expect((await headersOf(desk(rules)))['ratelimit-policy']).toBe('"ip";q=5;w=1')
  })

  test('are eight limits at most, and no number is more than a header can hold', async () => {
    const rules = Array.from({ length: 12 }, (_, index) =>
      rule([`k${index}`], { amount: per('year', 2 ** 52, { units: 1_000 }) }),
    )
    const headers = await headersOf(
      desk(rules, { headersShow: 'all' }),
      rules.map(({ id }) => `${id}=1`),
    )
    expect(headers['ratelimit']?.split(', ')).toHaveLength(8)
    expect(headers['ratelimit-policy']).toContain('q=999999999999999;w=31536000000')
  })

  test('of a passing answer never name a content type', async () => {
    const answer = await desk(two, { headers: 'both', headersShow: 'all' }).ask(['ip=1'])
    expect(answer.responseHeaders.map(({ name }) => name)).not.toContain('content-type')
    expect(answer.body).toBeUndefined()
  })
})

describe('dynamic metadata', () => {
  test('tells each descriptor where the domain wants it', async () => {
    const { ask } = desk([...two, rule(['q'], { quotaMode: true, amount: per('day', 0) })], { metadata: true })
    expect((await ask(['ip=1', 'x=1', 'q=1'])).metadata).toEqual({
      domain: 'shop',
      descriptors: [
        { limit: 'per "ip"', remaining: 9, reset_ms: 30_000, over: false },
        { over: false },
        { limit: 'q', remaining: 0, reset_ms: 43_170_000, over: true },
      ],
      quotaModeViolations: [2],
    })
  })

  test('is not there where nobody wants it', async () => {
    expect((await desk(two).ask(['ip=1'])).metadata).toBeUndefined()
  })
})

describe('a call that is too large to be counted', () => {
  const entry = { key: 'k', value: 'v' }
  test.each<readonly [string, { readonly domain?: string; readonly descriptors: readonly RateLimitDescriptor[] }]>([
    ['descriptors', { descriptors: Array.from({ length: 101 }, () => ({ entries: [entry] })) }],
    ['entries', { descriptors: [{ entries: Array.from({ length: 21 }, () => entry) }] }],
    ['characters', { descriptors: [{ entries: [{ key: 'k', value: 'v'.repeat(65_537) }] }] }],
    ['characters', { descriptors: [{ entries: [{ key: 'k'.repeat(1_000_000), value: '' }] }] }],
    ['characters', { domain: 'd'.repeat(65_537), descriptors: [] }],
  ])('is a fault of the caller: %s', async (...[, { domain, descriptors }]) => {
    const { ask } = desk([rule(['k'])])
    await expect(ask(descriptors, domain === undefined ? {} : { domain })).rejects.toMatchObject({
      code: 'bad_request',
    })
  })

  test('one that is just not is answered, whatever its values are made of', async () => {
    const { ask } = desk([rule(['k'])])
    const values = ['\0', 'a\ud800', '4:shop', '_', '|', ' ', '\r\n', 'v'.repeat(65_536)]
    const descriptors = Array.from({ length: 100 }, (_, index) => ({
      entries: [{ key: 'k', value: `${values[index % 8]}` }],
    }))
    const { statuses } = await ask(descriptors)
    expect(statuses).toHaveLength(100)
    // 12 or 13 of each value, 10 of which fit.
    expect(statuses.filter(({ code }) => code === 'ok')).toHaveLength(80)
  })
})

test('a limit without a name is told by its path in headers, body and metadata, and by nothing in its status; its row’s id is not', async () => {
  const id = 'rl-shop-user-0ff2a1b3c4d5e6f7'
  const { ask } = desk([rule(['user', 'plan=free'], { id, amount: per('day', 0) })], {
    headers: 'both',
    metadata: true,
  })
  const answer = await ask(['user=ann,plan=free'])
  expect(JSON.parse(answer.body ?? '')).toMatchObject({
    limit: 'user, plan=free',
    detail: expect.stringContaining('of the limit user, plan=free, which never allows more'),
  })
  expect(named(answer.responseHeaders)['ratelimit']).toBe('"user, plan=free";r=0;t=43170')
  expect(answer.metadata).toMatchObject({ descriptors: [{ limit: 'user, plan=free' }] })
  expect(answer.statuses).toMatchObject([{ limit: { name: '' } }])
  expect(JSON.stringify(answer)).not.toContain('rl-shop')
})
