import { describe, expect, test } from 'vitest'
import { desk, per, rule } from './harness.ts'

describe('one window on one descriptor', () => {
  test('lets its amount pass, then refuses until the window is over, and says how it stands', async () => {
    const { ask, sleep } = desk([rule(['ip'], { name: 'per-ip', amount: per('minute', 2) })])
    const first = await ask(['ip=1.2.3.4'])
    expect(first).toEqual({
      code: 'ok',
      statuses: [
        {
          code: 'ok',
          limit: { requestsPerUnit: 2, unit: 'minute', name: 'per-ip' },
          remaining: 1,
          resetMs: 30_000,
        },
      ],
      responseHeaders: [
        { name: 'ratelimit-policy', value: '"per-ip";q=2;w=60' },
        { name: 'ratelimit', value: '"per-ip";r=1;t=30' },
      ],
    })
    expect((await ask(['ip=1.2.3.4'])).code).toBe('ok')
    const refused = await ask(['ip=1.2.3.4'])
    expect(refused.code).toBe('over_limit')
    expect(refused.statuses).toMatchObject([{ code: 'over_limit', remaining: 0, resetMs: 30_000 }])
    expect((await ask(['ip=5.6.7.8'])).code).toBe('ok')
    sleep(29_999)
    expect((await ask(['ip=1.2.3.4'])).code).toBe('over_limit')
    sleep(1)
    expect((await ask(['ip=1.2.3.4'])).code).toBe('ok')
  })

  test('a domain without a row, and descriptors without a rule, are inside every limit', async () => {
    const { ask, cases } = desk([rule(['ip'])])
    expect(await ask(['ip=1', 'x=2'], { domain: 'other' })).toEqual({
      code: 'ok',
      statuses: [
        { code: 'ok', remaining: 0 },
        { code: 'ok', remaining: 0 },
      ],
      responseHeaders: [],
    })
    expect(cases).toEqual(['unknown_domain'])
    expect((await ask(['x=2'])).statuses).toEqual([{ code: 'ok', remaining: 0 }])
    expect((await ask([])).statuses).toEqual([])
  })
})
