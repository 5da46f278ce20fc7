import { expect, test } from 'vitest'
import type { ConcurrencyLine, QuotaLine, RateLine } from '../../../src/core/limit.ts'
import { type LimitView, limitViewsOf, refusalOf } from '../../../src/core/limit-view.ts'
import { quotaStatusOf } from '../../../src/core/quota-status.ts'
import { rateLimitHeaders } from '../../../src/core/rate-limit-headers.ts'
import { midnightMs, nowMs } from './answer-factories.ts'

const day = { startMs: midnightMs - 86_400_000, endMs: midnightMs }
const tomorrow = { startMs: midnightMs, endMs: midnightMs + 86_400_000 }
const shared = {
  subject: { kind: 'account', id: 'alice', partition: 7 },
  surface: 'pypi',
  enforced: true,
  posture: 'deny',
} as const
const quota: QuotaLine = {
  ...shared,
  kind: 'quota',
  limit: 'daily',
  quantity: 'credits',
  hits: 1_000,
  amount: 10_000_000,
  window: 'day',
  timeZone: 'Asia/Shanghai',
  current: day,
  next: tomorrow,
}
/** 50 requests a second, 300 at once. */
const rate: RateLine = {
  ...shared,
  kind: 'rate',
  limit: 'steady',
  quantity: 'requests',
  hits: 1,
  amount: 50,
  periodMs: 1_000,
  burst: 300,
  paceMsMax: 0,
}
const taken = { fits: true, retryAfterMs: 0 } as const
const views = limitViewsOf(
  [quota, rate],
  [
    { kind: 'quota', used: 2_500_500, window: day, ...taken },
    { kind: 'rate', debt: 120_500, ...taken },
  ],
  nowMs,
)
const [daily, steady] = views as [LimitView, LimitView]

test('limitViewsOf() shows a quota in its window and a rate as its burst, used until it leaks', () => {
  expect(daily).toEqual({
    name: 'daily',
    surface: 'pypi',
    kind: 'quota',
    counts: 'credits',
    per: 'account',
    enforced: true,
    amount: 10_000_000,
    used: 2_500_500,
    periodMs: 86_400_000,
    resetAfterMs: 50_400_000,
    resetAtMs: midnightMs,
    window: 'day',
    timeZone: 'Asia/Shanghai',
  })
  expect(steady).toEqual({
    surface: 'pypi',
    name: 'steady',
    kind: 'rate',
    counts: 'requests',
    per: 'account',
    enforced: true,
    amount: 300,
    used: 121,
    periodMs: 6_000,
    resetAfterMs: 2_410,
    resetAtMs: nowMs + 2_410,
  })
})

test('limitViewsOf() takes the window that the store chose, not the one that was offered first', () => {
  const [view] = limitViewsOf([quota], [{ kind: 'quota', used: 0, window: tomorrow, ...taken }], midnightMs + 1_000)
  expect(view).toMatchObject({ resetAtMs: tomorrow.endMs, resetAfterMs: 86_399_000 })
})

test('limitViewsOf() says nothing of what a cold counter used', () => {
  const [view] = limitViewsOf([quota], [{ kind: 'cold' }], nowMs)
  expect(view && 'used' in view).toBe(false)
})

test('refusalOf() of a quota, a rate, and of what never fits', () => {
  const asked = { refusesWith429: true, needs: 31_000, timeZone: 'Europe/Berlin' }
  expect(refusalOf(daily, { ...asked, retryAfterMs: 50_400_000 })).toEqual({
    cause: 'quota',
    limit: {
      name: 'daily',
      counts: 'credits',
      per: 'account',
      amount: 10_000_000,
      used: 2_500_500,
      needs: 31_000,
      refusesWith429: true,
      timeZone: 'Asia/Shanghai',
      resetAtMs: midnightMs,
      window: 'day',
    },
  })
  expect(refusalOf(steady, { ...asked, retryAfterMs: 20 })).toMatchObject({
    cause: 'rate',
    retryAfterMs: 20,
    limit: { name: 'steady', used: 121, amount: 300, timeZone: 'Europe/Berlin' },
  })
  expect(refusalOf(daily, { ...asked, retryAfterMs: 'never' }).cause).toBe('too_large')
  expect(refusalOf(steady, { ...asked, retryAfterMs: 'never' }).cause).toBe('too_large')
})

test('refusalOf() of a cap names what is under way, and no wait, since nobody knows when it ends', () => {
  const cap: ConcurrencyLine = {
    ...shared,
    kind: 'concurrency',
    limit: 'at-once',
    quantity: 'in_flight',
    hits: 1,
    amount: 2,
    slotMs: 9_000,
  }
  const full = { kind: 'concurrency', held: 2, fits: false, retryAfterMs: 8_000 } as const
  const [view] = limitViewsOf([cap], [full], nowMs) as [LimitView]
  const asked = { refusesWith429: false, needs: 1, timeZone: 'UTC' }
  const refusal = refusalOf(view, { ...asked, retryAfterMs: 8_000 })
  expect(refusal).toMatchObject({ cause: 'concurrency', limit: { name: 'at-once', used: 2, amount: 2 } })
  expect(refusal).not.toHaveProperty('retryAfterMs')
  expect(refusalOf(view, { ...asked, retryAfterMs: 'never' }).cause).toBe('too_large')
})

test('rateLimitHeaders() tells the enforced limits that are known, remaining rounded down', () => {
  expect(rateLimitHeaders(views)).toEqual([
    { name: 'ratelimit-policy', value: '"daily";q=10000;qu="credits";w=86400, "steady";q=300;w=6' },
    { name: 'ratelimit', value: '"daily";r=7499;t=50400, "steady";r=179;t=3' },
  ])
})

test('rateLimitHeaders() are silent about shadows and cold counters, and never negative', () => {
  const [cold] = limitViewsOf([quota], [{ kind: 'cold' }], nowMs) as [LimitView]
  expect(rateLimitHeaders([cold, { ...steady, enforced: false }])).toEqual([])
  expect(rateLimitHeaders([{ ...daily, used: 99_000_000 }])[1]?.value).toBe('"daily";r=0;t=50400')
})

test('rateLimitHeaders() keep to structured fields: quoted names, integers of 15 digits, 8 limits', () => {
  const odd = { ...daily, name: 'a"b\\é', counts: 'bytes', amount: Number.MAX_SAFE_INTEGER } as const
  expect(rateLimitHeaders([odd])[0]?.value).toBe('"a\\"b\\\\?";q=999999999999999;qu="content-bytes";w=86400')
  expect(rateLimitHeaders(Array.from({ length: 20 }, () => steady))[0]?.value.split(', ')).toHaveLength(8)
})

test('quotaStatusOf() heads with the daily quota of the account and lists every limit in whole units', () => {
  const hourly = { ...daily, name: 'hourly', window: 'hour', used: 10_000_000 } as const
  const department = { ...daily, name: 'department-daily', per: 'department', used: 9_999_999 } as const
  expect(quotaStatusOf([hourly, department, daily, steady], 'pypi')).toEqual({
    used: 2_501,
    limit: 10_000,
    limit_name: 'daily',
    reset_at: '2026-11-23T00:00:00Z',
    limits: [
      {
        name: 'hourly',
        kind: 'quota',
        counts: 'credits',
        per: 'account',
        used: 10_000,
        limit: 10_000,
        window: 'hour',
        reset_at: '2026-11-23T00:00:00Z',
        enforced: true,
      },
      {
        name: 'department-daily',
        kind: 'quota',
        counts: 'credits',
        per: 'department',
        used: 10_000,
        limit: 10_000,
        window: 'day',
        reset_at: '2026-11-23T00:00:00Z',
        enforced: true,
      },
      {
        name: 'daily',
        kind: 'quota',
        counts: 'credits',
        per: 'account',
        used: 2_501,
        limit: 10_000,
        window: 'day',
        reset_at: '2026-11-23T00:00:00Z',
        enforced: true,
      },
      {
        name: 'steady',
        kind: 'rate',
        counts: 'requests',
        per: 'account',
        used: 121,
        limit: 300,
        window: null,
        reset_at: '2026-11-22T10:00:02Z',
        enforced: true,
      },
    ],
  })
})

test('quotaStatusOf() calls a week a week, whatever day it begins on', () => {
  const windows = ['week_mon', 'week_sun', 'month'] as const
  const { limits } = quotaStatusOf(
    windows.map((window) => ({ ...daily, window })),
    'pypi',
  )
  expect(limits.map(({ window }) => window)).toEqual(['week', 'week', 'month'])
})

test('quotaStatusOf() heads with the fullest enforced quota where the account has no daily one', () => {
  const half = { ...daily, name: 'half', per: 'project', used: 5_000_000 } as const
  const full = { ...daily, name: 'full', per: 'project', used: 9_000_000, enforced: false } as const
  expect(
    quotaStatusOf(
      [daily, half, full].map((view) => ({ ...view, window: 'hour' })),
      'pypi',
    ).limit_name,
  ).toBe('half')
  expect(quotaStatusOf([full], 'pypi').limit_name).toBe('full')
})

test('quotaStatusOf() heads with a quota of the asked surface, however full another one is', () => {
  const gpu = { ...daily, name: 'gpu-daily', surface: 'gpu', used: daily.amount } as const
  expect(quotaStatusOf([gpu, daily], 'pypi').limit_name).toBe('daily')
  expect(quotaStatusOf([gpu, daily], 'gpu').limit_name).toBe('gpu-daily')
  expect(quotaStatusOf([daily], 'gpu').limit_name).toBe('daily')
})

test('quotaStatusOf() without quotas has no headline, and of a cold counter no figure', () => {
  expect(quotaStatusOf([steady], 'pypi')).toMatchObject({ used: null, limit: null, limit_name: null, reset_at: null })
  expect(quotaStatusOf([], 'pypi')).toEqual({ used: null, limit: null, limit_name: null, reset_at: null, limits: [] })
  expect(quotaStatusOf(limitViewsOf([quota], [{ kind: 'cold' }], nowMs), 'pypi')).toMatchObject({
    used: null,
    limit: 10_000,
    limit_name: 'daily',
  })
})
