import { describe, expect, test } from 'vitest'
import type { DescriptorRead } from '../../../../../src/check/rate-limit/principal/descriptor-principal.ts'
import type { OwnSpend } from '../../../../../src/check/rate-limit/principal/own-limits.ts'
import type { DescriptorStatus, RateLimitDescriptor } from '../../../../../src/check/rate-limit/rate-limit-words.ts'
import type { DescriptorRefusal } from '../../../../../src/core/descriptor-refusal.ts'
import type { DomainRule } from '../../../../../src/core/descriptor-rule.ts'
import type { Refusal } from '../../../../../src/core/verdict.ts'
import { createMemoryHitStore } from '../../../../../src/memory/hit-store.ts'
import { ticket } from '../../factories.ts'
import { desk, entriesOf, per, rule } from '../harness.ts'

const own = (code: DescriptorStatus['code'], remaining: number): DescriptorStatus => ({
  code,
  limit: { requestsPerUnit: 100, unit: 'day', name: 'own' },
  remaining,
  resetMs: 60_000,
})

function byQuota({
  retryAfterMs,
  cause = 'quota',
  needs = 3,
}: {
  readonly retryAfterMs: number | 'never'
  readonly cause?: 'quota' | 'rate' | 'too_large'
  readonly needs?: number
}): DescriptorRefusal {
  const usage = { name: 'own', counts: 'requests', used: 98, amount: 100, needs, refusesWith429: true } as const
  const limit = { ...usage, timeZone: 'UTC', per: 'account' }
  const window = { window: 'day', resetAtMs: Date.UTC(2026, 10, 23) } as const
  const refusals: Readonly<Record<typeof cause, Refusal>> = {
    quota: { cause, limit: { ...limit, ...window } },
    rate: { cause, limit, retryAfterMs: Number(retryAfterMs) },
    too_large: { cause, limit },
  }
  return { kind: 'own', refusal: refusals[cause], retryAfterMs }
}

interface Scene {
  readonly domain?: Partial<DomainRule>
  readonly spent?: Omit<OwnSpend, 'settle'>
}

/** `rid=good` is a ticket of alice's, `rid=bad` none; `account=x` is trusted. */
function scene(rules: Parameters<typeof desk>[0], { domain = {}, spent = { status: own('ok', 50) } }: Scene = {}) {
  const settled: string[] = []
  const spends: string[] = []
  const ended: string[] = []
  const slots: (string | undefined)[] = []
  const read = ({ entries }: Pick<RateLimitDescriptor, 'entries'>): DescriptorRead => {
    const of = (wanted: string) => entries.find(({ key }) => key === wanted)?.value
    const isStreamDone = of('stream_done') !== undefined
    const account = of('account')
    if (of('rid') === 'bad') return { entries, claim: { kind: 'invalid' }, isStreamDone }
    if (of('rid') === 'good') {
      const named = entries.map((entry) => (entry.key === 'rid' ? { key: 'rid', value: 'alice' } : entry))
      return { entries: named, claim: { kind: 'reservation', ticket: ticket() }, slotId: 'slot-1', isStreamDone }
    }
    return { entries, claim: account === undefined ? { kind: 'none' } : { kind: 'account', account }, isStreamDone }
  }
  const at = desk(rules, {
    ...domain,
    deps(nowMs) {
      const real = createMemoryHitStore({ nowMs, countersMax: 100 })
      return {
        hits: {
          ...{ nowMs, release: (free) => real.release(free) },
          hit(request) {
            slots.push(request.slotId)
            return real.hit(request)
          },
        },
        principals: {
          readDescriptor: read,
          own: {
            show: async () => own('ok', 7),
            async spend(account, { hits }) {
              spends.push(`${account} ${hits}`)
              return { ...spent, settle: (how) => void settled.push(how) }
            },
          },
          streamDone: async (one) => void ended.push(one.slotId ?? 'nobody'),
          within: (asked) => asked,
        },
      }
    },
  })
  return { ...at, settled, spends, ended, slots }
}

const left = (code: string, remaining: number) => ({ code, remaining })

describe('a descriptor that names a reservation', () => {
  test('is matched by the account that its ticket names, and takes slots for it', async () => {
    const alice = rule(['rid=alice'], { amount: { kind: 'concurrency', amount: 1, slotMs: 60_000 } })
    const { ask, slots } = scene([alice, rule(['rid=good'], { amount: per('day', 0) })])
    expect((await ask(['rid=good'])).statuses).toMatchObject([left('ok', 0)])
    expect(slots).toEqual(['slot-1'])
  })

  test('without a rule shows the account’s own limits, and takes nothing', async () => {
    const { ask, spends, slots } = scene([])
    const answer = await ask(['rid=good'])
    expect(answer).toMatchObject({ code: 'ok', statuses: [{ ...left('ok', 7), limit: { name: 'own' } }] })
    expect([spends, slots]).toEqual([[], []])
  })

  test.each(['allow', 'local', 'deny'] as const)(
    'that is not valid is refused like a wrong credential, whatever else it says (posture %s)',
    async (posture) => {
      const rules = [rule(['ip', 'rid']), rule(['ip']), rule(['path'], { amount: per('hour', 5) })]
      const { ask, codes, cases } = scene(rules, { domain: { posture } })
      const override = { requestsPerUnit: 1_000, unit: 'day' } as const
      const refused = await ask([{ entries: entriesOf('ip=1.2.3.4,rid=bad'), override }, 'path=a'])
      expect(refused).toMatchObject({
        code: 'over_limit',
        statuses: [
          { code: 'over_limit', remaining: 0 },
          { code: 'ok', remaining: 5 },
        ],
      })
      expect(JSON.parse(refused.body ?? '')).toMatchObject({
        status: 429,
        detail: expect.stringContaining('ticket'),
      })
      expect(await codes([{ entries: entriesOf('ip=1.2.3.4,rid=bad'), isNegativeHits: true }])).toBe('over')
      expect(cases.filter((one) => one === 'invalid_rid')).toHaveLength(2)
    },
  )

  test.each([
    ['at the end of a stream', { asked: 'rid=bad,stream_done=1' }],
    ['in a domain in shadow mode', { domain: { shadow: true } }],
    ['in a domain in quota mode', { domain: { quotaMode: true } }],
    ['in a domain without a row', { id: 'elsewhere' }],
  ] as const)('that is not valid passes %s, matches nothing and is counted', async (_, how) => {
    const { asked, domain, id } = { asked: 'rid=bad', domain: {}, id: 'shop', ...how }
    const { ask, cases, slots, ended } = scene([rule(['rid'], { amount: per('day', 0) })], {
      domain: { posture: 'deny', ...domain },
    })
    expect(await ask([asked], { domain: id })).toMatchObject({ code: 'ok', statuses: [{ code: 'ok', remaining: 0 }] })
    expect(cases).toContain('invalid_rid')
    expect([slots, ended]).toEqual([[], []])
  })
})

describe('the end of a stream', () => {
  test('frees what it held and counts nothing, also in a domain without a row', async () => {
    const { ask, ended, slots } = scene([rule(['rid', 'stream_done'], { amount: per('day', 0) })])
    expect((await ask(['rid=good,stream_done=1'], { hitsAddend: 99 })).statuses).toEqual([left('ok', 0)])
    expect((await ask(['rid=good,stream_done=1'], { domain: 'other' })).statuses).toEqual([left('ok', 0)])
    expect(ended).toEqual(['slot-1', 'slot-1'])
    expect(slots).toEqual([])
  })
})

describe('a descriptor that names an account by trust', () => {
  test('takes from its own limits beside the rules, and tells the closer one', async () => {
    const { ask, spends, settled } = scene([rule(['account'], { amount: per('hour', 30) })])
    const { statuses } = await ask(['account=ann'], { hitsAddend: 3 })
    expect(statuses).toMatchObject([{ ...left('ok', 27), limit: { requestsPerUnit: 30 } }])
    expect([spends, settled]).toEqual([['ann 3'], ['stands']])
    const closer = scene([rule(['account'], { amount: per('hour', 80) })])
    expect((await closer.ask(['account=ann'])).statuses).toMatchObject([{ ...left('ok', 50), limit: { name: 'own' } }])
  })

  test('is refused by its own limits, in their words; rules take nothing then', async () => {
    const { ask, codes, settled } = scene(
      [rule(['account'], { amount: per('hour', 3) }), rule(['ip'], { amount: per('hour', 3) })],
      { spent: { status: own('over_limit', 0), refusal: byQuota({ retryAfterMs: 30_000 }) } },
    )
    const refused = await ask(['account=ann', 'ip=1'])
    expect(refused).toMatchObject({ code: 'over_limit', statuses: [left('over_limit', 0), left('ok', 3)] })
    expect(JSON.parse(refused.body ?? '')).toEqual({
      type: 'https://docs.example/blocked#rate_limit',
      title: 'Daily quota exhausted',
      status: 429,
      detail: '98 of 100 requests used, 3 needed; resets 2026-11-23 00:00 UTC; for more ask the platform team',
      limit: 'own',
      used: 98,
      amount: 100,
      reset_at: '2026-11-23T00:00:00Z',
      retry_after_ms: 30_000,
    })
    expect(refused.responseHeaders).toContainEqual({ name: 'retry-after', value: '30' })
    expect(settled).toEqual(['given_back'])
    expect(await codes(['ip=1', 'ip=1', 'ip=1', 'ip=1'])).toBe('ok ok ok over')
  })

  test.each<readonly [string, DescriptorRefusal, string | undefined, object]>([
    [
      'a quota that is over later than a client should sleep',
      byQuota({ retryAfterMs: 30_001 }),
      undefined,
      { retry_after_ms: 30_001, reset_at: '2026-11-23T00:00:00Z' },
    ],
    [
      'more than a quota ever allows',
      byQuota({ retryAfterMs: 'never', cause: 'too_large', needs: 400 }),
      undefined,
      {
        title: 'More than the limit ever allows',
        detail: 'This needs 400 requests, the limit own never allows more than 100; for more ask the platform team',
      },
    ],
    [
      'a rate',
      byQuota({ retryAfterMs: 200, cause: 'rate' }),
      '1',
      {
        title: 'Too many requests',
        detail: expect.stringContaining('refills steadily, try again in 0.2 s'),
        retry_after_ms: 200,
      },
    ],
    ['a slow rate', byQuota({ retryAfterMs: 90_000, cause: 'rate' }), '30', { retry_after_ms: 90_000 }],
    ['nobody', { kind: 'nobody' }, undefined, { title: 'Nobody to charge' }],
    [
      'more hits than books can hold',
      { kind: 'too_many', hits: 2e9, hitsMax: 1e9 },
      undefined,
      { detail: expect.stringContaining('This needs 2000000000 hits') },
    ],
    [
      'a limit that is not valid',
      { kind: 'faulty', limit: 'own' },
      undefined,
      { type: 'https://docs.example/blocked#unavailable', limit: 'own' },
    ],
    [
      'a store that is away',
      { kind: 'unavailable' },
      '2',
      { type: 'https://docs.example/blocked#unavailable', title: 'Temporarily unavailable' },
    ],
  ])('is told why it is refused: %s', async (...[, refusal, retryAfter, told]) => {
    const { ask } = scene([], { spent: { status: own('over_limit', 0), refusal } })
    const { body = '', responseHeaders } = await ask(['account=ann'])
    expect(JSON.parse(body)).toMatchObject({ type: 'https://docs.example/blocked#rate_limit', status: 429, ...told })
    expect(responseHeaders.find(({ name }) => name === 'retry-after')?.value).toBe(retryAfter)
  })

  test('gets back what it paid when a rule refuses: of the call, or with each of its descriptor', async () => {
    const rules = [rule(['ip'], { amount: per('hour', 0) })]
    const all = scene(rules)
    expect(await all.codes(['account=ann', 'ip=1'])).toBe('ok over')
    const each = scene(rules, { domain: { counting: 'each' } })
    expect(await each.codes(['account=ann', 'ip=1'])).toBe('ok over')
    expect([all.settled, each.settled]).toEqual([['given_back'], ['stands']])
  })

  test.each([
    ['over_limit', 'given_back'],
    ['ok', 'stands'],
  ] as const)('pays by what it was told before the decision came: %s, so what it paid %s', async (code, how) => {
    const { ask, settled } = scene([])
    await ask(['account=ann'], { told: { code, statuses: [{ code, remaining: 0 }], responseHeaders: [] } })
    expect(settled).toEqual([how])
  })

  test('gets back what it paid when it was refused without a word of each descriptor', async () => {
    const { ask, settled } = scene([], { domain: { counting: 'each' } })
    await ask(['account=ann'], { told: { code: 'over_limit', statuses: [], responseHeaders: [] } })
    expect(settled).toEqual(['given_back'])
  })
})

test('a call that names nobody is not asked about anybody', async () => {
  const { ask, spends, ended } = scene([rule(['ip'])])
  expect((await ask([{ entries: entriesOf('ip=1') }])).code).toBe('ok')
  expect([spends, ended]).toEqual([[], []])
})
