import { describe, expect, test } from 'vitest'
import type { CountedLimit } from '../../../../src/check/rate-limit/counted-limit.ts'
import { hitHeaders } from '../../../../src/check/rate-limit/hit-headers.ts'
import type { DescriptorAmount, DomainRule } from '../../../../src/core/descriptor-rule.ts'
import type { HitLine, HitState } from '../../../../src/core/hit.ts'
import type { Header } from '../../../../src/core/verdict.ts'
import { rateHitLine, slotLine, windowLine } from '../../../support/hit-harness.ts'
import { type Desk, desk, domainRule, per, rule } from './harness.ts'

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

const calm: HitState = { fits: true, taken: true, before: 0, after: 1, resetMs: 30_000, retryAfterMs: 0 }
const limit = (name: string, line: HitLine, state: Partial<HitState> = {}): CountedLimit => ({
  rule: rule([name]),
  line,
  state: { ...calm, ...state },
})
const told = (limits: readonly CountedLimit[], how: Partial<DomainRule> = {}) =>
  named(hitHeaders(domainRule(how), { limits, denied: new Set() }))

describe('hitHeaders()', () => {
  test('tells nothing of limits that only tell, or that are not valid, however little they leave', () => {
    const quiet = limit('quiet', windowLine({ enforced: false }), { after: 5 })
    const faulty = {
      ...limit('faulty', windowLine({ amount: 0 }), { fits: false }),
      rule: rule(['f'], { isFaulty: true }),
    }
    const open = limit('open', windowLine({ amount: 9 }))
    expect(told([quiet, faulty])).toEqual({})
    for (const headersShow of ['tightest', 'all'] as const)
      expect(told([quiet, open, faulty], { headersShow })['ratelimit']).toBe('"open";r=8;t=30')
    expect(told([quiet, open, faulty], { headers: 'x_ratelimit', headersShow: 'all' })).toEqual({
      'x-ratelimit-limit': '9, 9;w=60',
      'x-ratelimit-remaining': '8',
      'x-ratelimit-reset': '30',
    })
  })

  test('puts one that refuses before one with less left, and of those that refuse the longest wait', () => {
    const [over, longer] = [5_000, 20_000].map((retryAfterMs) =>
      limit(`wait-${retryAfterMs}`, windowLine({ amount: 9 }), { fits: false, retryAfterMs, after: 7 }),
    ) as [CountedLimit, CountedLimit]
    const empty = limit('empty', windowLine(), { after: 5 })
    expect(told([empty, over])['ratelimit']).toMatch(/^"wait-5000";r=2/)
    expect(told([over, longer, empty])['ratelimit']).toMatch(/^"wait-20000";/)
  })

  test('never tells less than nothing left, and rounds times up', () => {
    const line = windowLine({ startMs: 0, endMs: 1_001, nextEndMs: 2_002 })
    expect(told([limit('charged', line, { after: 500, resetMs: 1 })])).toEqual({
      'ratelimit-policy': '"charged";q=5;w=2',
      ratelimit: '"charged";r=0;t=1',
    })
  })

  test('tells of a rate what a full refill takes, and to Envoy its own period; of slots their time', () => {
    const rate = limit('rate', rateHitLine({ amount: 3, burst: 10, periodMs: 60_000 }))
    const slots = limit('slots', slotLine({ slotMs: 90_000 }), { after: 0 })
    const both = told([rate, slots], { headers: 'both', headersShow: 'all' })
    expect(both['ratelimit-policy']).toBe('"rate";q=10;w=200, "slots";q=2;qu="concurrent-requests";w=90')
    expect(both['x-ratelimit-limit']).toBe('2, 3;w=60, 2;w=90')
  })
})
