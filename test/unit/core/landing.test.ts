import { expect, test } from 'vitest'
import { landingPath, parseLanding } from '../../../src/core/landing.ts'
import { midnightMs, overQuota, overRate } from './answer-factories.ts'

const daily = '/-/denied/quota/daily/used-10000-of-10000/resets-2026-11-23T00-00Z/open-this-url-to-ask'

test.each([
  ['', {}, daily],
  ['/root/mir', {}, `/root/mir${daily}`],
  [
    '',
    { window: 'hour', used: 9_999_001, resetAtMs: midnightMs - 1_800_000 },
    '/-/denied/quota/hourly/used-10000-of-10000/resets-2026-11-22T23-30Z/open-this-url-to-ask',
  ],
  [
    '',
    { per: 'department', counts: 'bytes', used: 5_000_000, amount: 5_000_000 },
    '/-/denied/quota/daily-department/used-5000000-of-5000000-bytes/resets-2026-11-23T00-00Z/open-this-url-to-ask',
  ],
  [
    '',
    { per: 'project', counts: 'gpu_ms', used: 90_500, amount: 90_000 },
    '/-/denied/quota/daily-project/used-91-of-90-gpu-seconds/resets-2026-11-23T00-00Z/open-this-url-to-ask',
  ],
] as const)('landingPath() under %j of %o', (indexRoot, change, path) => {
  expect(landingPath(indexRoot, overQuota(change))).toBe(path)
  expect(parseLanding(path)).toBeDefined()
})

test('landingPath() has none for limits without a calendar window', () => {
  expect(landingPath('', overRate(1_000))).toBeUndefined()
  expect(landingPath('', { cause: 'quota' })).toBeUndefined()
})

test('parseLanding() reads what the path says', () => {
  expect(parseLanding(`/root/mir${daily}`)).toEqual({
    cause: 'quota',
    limit: {
      name: 'daily',
      counts: 'credits',
      per: 'account',
      used: 10_000_000,
      amount: 10_000_000,
      window: 'day',
      timeZone: 'UTC',
      refusesWith429: false,
      resetAtMs: midnightMs,
    },
  })
})

test.each([
  '',
  '/-/denied/',
  '/-/denied/quota/daily',
  daily.replace('daily', 'yearly'),
  daily.replace('daily', 'daily-account'),
  daily.replace('daily', 'daily-boss'),
  daily.replace('used-', 'used--'),
  daily.replace('used-10000', 'used-1e4'),
  daily.replace('used-10000', 'used-99999999999999999'),
  daily.replace('used-10000', 'used-9999999999999999'),
  daily.replace('10000/', '10000-credits/'),
  daily.replace('10000/', '10000-euros/'),
  daily.replace('11-23', '13-23'),
  daily.replace('11-23', '02-30'),
  daily.replace('T00-00', 'T24-00'),
  daily.replace('00Z', '00z'),
  daily.replace('/resets-2026-11-23T00-00Z', ''),
  daily.replace('quota', 'too-large'),
  daily.replace('open-this-url-to-ask', 'open-this-url-to-pay'),
  `${daily}/`,
  `${daily}\n`,
  `${daily}/more`,
])('parseLanding() knows nothing of %j', (path) => {
  expect(parseLanding(path)).toBeUndefined()
})
