import { describe, expect, test } from 'vitest'
import type { DescriptorRead } from '../../../../../src/check/rate-limit/principal/descriptor-principal.ts'
import type { OwnSpend } from '../../../../../src/check/rate-limit/principal/own-limits.ts'
import type { DescriptorStatus, RateLimitDescriptor } from '../../../../../src/check/rate-limit/rate-limit-words.ts'
import type { DomainRule } from '../../../../../src/core/descriptor-rule.ts'
import { createMemoryHitStore } from '../../../../../src/memory/hit-store.ts'
import { ticket } from '../../factories.ts'
import { desk, entriesOf, per, rule } from '../harness.ts'

const own = (code: DescriptorStatus['code'], remaining: number): DescriptorStatus => ({
  code,
  limit: { requestsPerUnit: 100, unit: 'day', name: 'own' },
  remaining,
  resetMs: 60_000,
})

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
    if (of('rid') === 'bad') return { entries, claim: { kind: 'invalid' }, isStreamDone: false }
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

  test('that is not valid matches nothing: it passes, or is refused where the domain’s posture is deny', async () => {
    const rules = [rule(['rid'], { amount: per('day', 0) })]
    const open = scene(rules)
    expect(await open.codes(['rid=bad'])).toBe('ok')
    expect(open.cases).toContain('invalid_rid')
    const shut = scene(rules, { domain: { posture: 'deny' } })
    const refused = await shut.ask(['rid=bad'])
    expect(refused.statuses).toEqual([{ code: 'over_limit', remaining: 0 }])
    expect(JSON.parse(refused.body ?? '')).toMatchObject({ title: 'Nobody to charge', status: 429 })
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

  test('is refused by its own limits, whose name, reset and wait are told; rules take nothing then', async () => {
    const spent = { status: own('over_limit', 0), retryAfterMs: 60_000 }
    const { ask, codes, settled } = scene(
      [rule(['account'], { amount: per('hour', 3) }), rule(['ip'], { amount: per('hour', 3) })],
      {
        spent,
      },
    )
    const refused = await ask(['account=ann', 'ip=1'])
    expect(refused).toMatchObject({ code: 'over_limit', statuses: [left('over_limit', 0), left('ok', 3)] })
    expect(JSON.parse(refused.body ?? '')).toMatchObject({
      limit: 'own',
      amount: 100,
      reset_at: '2026-11-22T12:01:30Z',
    })
    expect(refused.responseHeaders).toContainEqual({ name: 'retry-after', value: '60' })
    expect(settled).toEqual(['given_back'])
    expect(await codes(['ip=1', 'ip=1', 'ip=1', 'ip=1'])).toBe('ok ok ok over')
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

  test('that cannot be charged is refused with a sentence about it', async () => {
    const { ask } = scene([], { spent: { status: { code: 'over_limit', remaining: 0 } } })
    const { body = '', responseHeaders } = await ask(['account=nobody'])
    expect(JSON.parse(body).detail).toContain('ask the platform team')
    expect(responseHeaders).toContainEqual({ name: 'retry-after', value: '2' })
  })
})

test('a call that names nobody is not asked about anybody', async () => {
  const { ask, spends, ended } = scene([rule(['ip'])])
  expect((await ask([{ entries: entriesOf('ip=1') }])).code).toBe('ok')
  expect([spends, ended]).toEqual([[], []])
})
