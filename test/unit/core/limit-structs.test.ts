import { describe, expect, test } from 'vitest'
import type { LimitRule } from '../../../src/core/limit.ts'
import { limitStructsOf } from '../../../src/core/limit-structs.ts'
import { limitRule } from '../check/factories.ts'

const requests = (changes: Partial<LimitRule>): LimitRule => limitRule({ counts: 'requests', ...changes })
const rate = (name: string, periodMs: number): LimitRule =>
  requests({ name, kind: 'rate', amount: 7, burst: 50, periodMs })

describe('limitStructsOf()', () => {
  test('names each limit of requests with its amount and Envoy’s unit', () => {
    const limits = [
      rate('per-second', 1_000),
      rate('per-minute', 60_000),
      rate('per-hour', 3_600_000),
      requests({ name: 'hourly', window: 'hour', amount: 100 }),
      requests({ name: 'daily', amount: 2 ** 40, surface: 'pypi' }),
      requests({ name: 'monthly', window: 'month', amount: 0 }),
    ]
    expect(limitStructsOf(limits, 'pypi')).toEqual({
      'limit.per-second': { requests_per_unit: 7, unit: 'SECOND' },
      'limit.per-minute': { requests_per_unit: 7, unit: 'MINUTE' },
      'limit.per-hour': { requests_per_unit: 7, unit: 'HOUR' },
      'limit.hourly': { requests_per_unit: 100, unit: 'HOUR' },
      'limit.daily': { requests_per_unit: 4_294_967_295, unit: 'DAY' },
      'limit.monthly': { requests_per_unit: 0, unit: 'MONTH' },
    })
  })

  test('leaves out what Envoy has no word for, what counts something else, and what refuses nobody here', () => {
    const limits = [
      rate('ten-seconds', 10_000),
      requests({ name: 'weekly', window: 'week_mon' }),
      requests({ name: 'shadow', shadow: true }),
      requests({ name: 'faulty', isFaulty: true }),
      requests({ name: 'gpu', surface: 'gpu' }),
      requests({ name: 'api', surface: 'api' }),
      limitRule({ name: 'credits' }),
      limitRule({ name: 'cap', kind: 'concurrency', counts: 'in_flight' }),
    ]
    expect(limitStructsOf(limits, 'pypi')).toEqual({})
    expect(Object.keys(limitStructsOf(limits, 'gpu'))).toEqual(['limit.gpu'])
  })

  test('answers the same object for the same limits and surface, and at most 32 limits', () => {
    const limits = Array.from({ length: 40 }, (_, index) => rate(`r${index}`, 1_000))
    const told = limitStructsOf(limits, 'pypi')
    expect(Object.keys(told)).toHaveLength(32)
    expect(limitStructsOf(limits, 'pypi')).toBe(told)
    expect(limitStructsOf([...limits], 'pypi')).not.toBe(told)
  })
})
