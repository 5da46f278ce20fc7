import { describe, expect, test } from 'vitest'
import type { HitStore } from '../../../../src/check/hit-ports.ts'
import type { RateLimitDeps } from '../../../../src/check/rate-limit.ts'
import type { DescriptorAmount } from '../../../../src/core/descriptor-rule.ts'
import type { Header } from '../../../../src/core/verdict.ts'
import { createMemoryHitStore } from '../../../../src/memory/hit-store.ts'
import { desk, entriesOf, per, rule } from './harness.ts'

const named = (headers: readonly Header[]) => Object.fromEntries(headers.map(({ name, value }) => [name, value]))

/** Each call holds slots of its own. */
function holding(nowMs: () => number): Pick<RateLimitDeps, 'hits'> {
  const store = createMemoryHitStore({ nowMs, countersMax: 100 })
  let calls = 0
  const hit: HitStore['hit'] = (request) => {
    calls += 1
    return store.hit({ ...request, slotId: `slot-${calls}` })
  }
  return { hits: { nowMs, hit, release: (slots) => store.release(slots) } }
}

describe('a refusal', () => {
  const refusal = async (amount: DescriptorAmount, { hits = 1, first = 1 } = {}) => {
    const { ask } = desk([rule(['ip'], { name: 'per-ip', amount })], { headers: 'none' })
    if (first > 0) await ask([{ entries: entriesOf('ip=1'), hitsAddend: first }])
    const { code, body = '', responseHeaders } = await ask([{ entries: entriesOf('ip=1'), hitsAddend: hits }])
    expect(code).toBe('over_limit')
    return { ...named(responseHeaders), ...JSON.parse(body) }
  }

  test('says which limit, how much, when it resets and where to ask, and to wait whole seconds rounded up', async () => {
    expect(await refusal(per('minute', 1))).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'retry-after': '30',
      type: 'https://docs.example/blocked#rate_limit',
      title: 'Rate limit reached',
      status: 429,
      detail: '1 of 1 used of the limit per-ip in this minute; resets in 30 s; for more ask the platform team',
      limit: 'per-ip',
      used: 1,
      amount: 1,
      reset_at: '2026-11-22T12:01:00Z',
      retry_after_ms: 30_000,
    })
  })

  test('waits a whole second more where a part of one is left', async () => {
    const { ask, sleep } = desk([rule(['ip'], { amount: per('minute', 1) })], { headers: 'both' })
    await ask(['ip=1'])
    sleep(1)
    expect(named((await ask(['ip=1'])).responseHeaders)).toMatchObject({
      'retry-after': '30',
      ratelimit: '"ip";r=0;t=30',
      'x-ratelimit-reset': '30',
    })
  })

  test('of a calendar window tells its zone, and UTC', async () => {
    expect((await refusal(per('day', 1, { timeZone: 'Asia/Shanghai' }))).detail).toBe(
      '1 of 1 used of the limit per-ip in this day; resets 2026-11-23 00:00 Asia/Shanghai (2026-11-22 16:00 UTC); for more ask the platform team',
    )
    expect((await refusal(per('hour', 1, { units: 6 }))).detail).toContain(
      'in these 6 hours; resets 2026-11-22 18:00 UTC',
    )
  })

  test('of more than is left says how much was needed, of more than there ever is that no wait helps', async () => {
    expect((await refusal(per('day', 10), { first: 7, hits: 5 })).detail).toContain(
      '7 of 10 used of the limit per-ip in this day, 5 needed; resets 2026-11-23 00:00 UTC',
    )
    expect(await refusal(per('minute', 10), { first: 0, hits: 11 })).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      type: 'https://docs.example/blocked#rate_limit',
      title: 'More than the limit ever allows',
      status: 429,
      detail: 'This needs 11 of the limit per-ip, which never allows more than 10; for more ask the platform team',
      limit: 'per-ip',
      used: 0,
      amount: 10,
    })
  })

  test('of more used than there is, as after an amount was lowered, does not say so many of so many', async () => {
    const charging = { chargesRefused: true, amount: per('minute', 2) }
    const { ask } = desk([rule(['ip'], { name: 'per-ip', ...charging })])
    for (let asked = 0; asked < 3; asked += 1) await ask([{ entries: entriesOf('ip=1'), hitsAddend: 2 }])
    const { body = '' } = await ask(['ip=1'])
    expect(JSON.parse(body)).toMatchObject({
      used: 6,
      amount: 2,
      detail:
        '6 used, more than the 2 of the limit per-ip in this minute; resets in 30 s; for more ask the platform team',
    })
  })

  test('has no Retry-After where a client would sleep longer than half a minute for a window', async () => {
    const late = await refusal(per('hour', 1))
    expect(late).not.toHaveProperty('retry-after')
    expect(late).toMatchObject({ retry_after_ms: 3_570_000, reset_at: '2026-11-22T13:00:00Z' })
    const { ask, sleep } = desk([rule(['ip'], { amount: per('hour', 1) })])
    await ask(['ip=1'])
    sleep(3_570_000 - 30_001)
    expect(named((await ask(['ip=1'])).responseHeaders)['retry-after']).toBeUndefined()
    sleep(1)
    expect(named((await ask(['ip=1'])).responseHeaders)['retry-after']).toBe('30')
    sleep(29_000)
    expect(named((await ask(['ip=1'])).responseHeaders)['retry-after']).toBe('1')
  })

  test('of a rate sends nobody away for longer than half a minute, and says the whole wait in its body', async () => {
    const period = { unit: 'hour', units: 1 } as const
    expect(await refusal({ kind: 'rate', amount: 1, burst: 1, period })).toMatchObject({
      'retry-after': '30',
      retry_after_ms: 3_600_000,
    })
    const never = await refusal({ kind: 'rate', amount: 5, burst: 5, period }, { hits: 6 })
    expect(never).not.toHaveProperty('retry-after')
  })

  test('of slots says to come soon, for when one ends is not known', async () => {
    const slots = { kind: 'concurrency', amount: 1, slotMs: 3_600_000 } as const
    const rules = [rule(['job'], { name: 'jobs', amount: slots }), rule(['ip'], { amount: per('minute', 1) })]
    const { ask } = desk(rules, { deps: holding })
    await ask(['ip=1', 'job=1'])
    const { body = '', responseHeaders } = await ask(['job=1'])
    expect(named(responseHeaders)['retry-after']).toBe('1')
    expect(JSON.parse(body)).toEqual({
      type: 'https://docs.example/blocked#rate_limit',
      title: 'Too many requests at once',
      status: 429,
      detail: '1 of 1 under way of the limit jobs; try again when one has ended; for more ask the platform team',
      limit: 'jobs',
      used: 1,
      amount: 1,
    })
    const both = await ask(['job=1', 'ip=1'])
    expect(JSON.parse(both.body ?? '').limit).toBe('ip')
    expect(named(both.responseHeaders)).toMatchObject({ 'retry-after': '30', ratelimit: '"ip";r=0;t=30' })
    const closed = await refusal({ ...slots, amount: 0 })
    expect(closed).not.toHaveProperty('retry-after')
  })

  test('of a rate says that it refills, and waits at least a second', async () => {
    const period = { unit: 'second', units: 1 } as const
    expect(await refusal({ kind: 'rate', amount: 4, burst: 1, period })).toMatchObject({
      'retry-after': '1',
      detail: '1 of 1 used of the limit per-ip; refills steadily, try again in 0.3 s; for more ask the platform team',
      retry_after_ms: 250,
    })
  })

  test('is told by the limit with the longest wait', async () => {
    const { ask } = desk([
      rule(['a'], { amount: per('minute', 0) }),
      rule(['b'], { amount: per('hour', 1) }),
      rule(['c'], { amount: per('minute', 1) }),
    ])
    await ask(['b=1', 'c=1'])
    const { body = '', responseHeaders } = await ask(['c=1', 'b=1'])
    expect(JSON.parse(body).limit).toBe('b')
    expect(named(responseHeaders)).not.toHaveProperty('retry-after')
    expect(named((await ask(['c=1'])).responseHeaders)['retry-after']).toBe('30')
    expect(JSON.parse((await ask(['c=1', 'a=1', 'b=1'])).body ?? '').limit).toBe('a')
  })

  test('by a limit whose row is not valid says so, tells no figures of it and sends nobody to wait', async () => {
    const faulty = rule(['ip'], { name: 'bad', isFaulty: true, posture: 'deny', amount: per('day', 0) })
    const { ask } = desk([faulty, rule(['user'], { amount: per('day', 5) })], { headers: 'both', headersShow: 'all' })
    const { code, statuses, body = '', responseHeaders } = await ask(['ip=1'])
    expect([code, statuses]).toEqual(['over_limit', [{ code: 'over_limit', remaining: 0 }]])
    expect(JSON.parse(body)).toEqual({
      type: 'https://docs.example/blocked#unavailable',
      title: 'A limit that is not valid',
      status: 429,
      detail: 'The limit bad is not valid and refuses everything until it is mended; tell the platform team',
      limit: 'bad',
    })
    expect(named(responseHeaders)).toEqual({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
    expect(named((await ask(['ip=1', 'user=ann'])).responseHeaders)['ratelimit']).toBe('"user";r=5;t=43170')
  })

  test('of an unnamed limit names its row; a long name is cut in the sentence, and no line break gets there', async () => {
    const { ask } = desk([rule(['ip'], { name: `line\r\nbreak ${'x'.repeat(240)}`, amount: per('minute', 0) })])
    const { body = '', responseHeaders } = await ask(['ip=1'])
    expect(JSON.parse(body).detail).toContain('of the limit line break xxx')
    expect(JSON.parse(body).detail.length).toBeLessThan(200)
    expect(JSON.stringify(responseHeaders)).not.toMatch(/\\r|\\n/)
  })
})
