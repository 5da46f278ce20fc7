import { describe, expect, test } from 'vitest'
import type { RateLimitDescriptor } from '../../../../src/check/rate-limit/rate-limit-words.ts'
import type { Header } from '../../../../src/core/verdict.ts'
import { desk, per, rule } from './harness.ts'

const two = [
  rule(['ip'], { id: 'ip-limit', name: 'per "ip"', amount: per('minute', 10) }),
  rule(['user'], { id: 'user-limit', amount: per('hour', 5) }),
]
const named = (headers: readonly Header[]) => Object.fromEntries(headers.map(({ name, value }) => [name, value]))

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
