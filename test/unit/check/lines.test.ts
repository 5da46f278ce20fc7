import { describe, expect, test } from 'vitest'
import { linesOf, subjectsOf } from '../../../src/check/lines.ts'
import { dayMs, limitRule, lineFacts, noonMs } from './factories.ts'

describe('linesOf()', () => {
  test('asks of a quota what the request is estimated at, in the window of now', () => {
    const [line] = linesOf([limitRule()], lineFacts())
    expect(line).toEqual({
      kind: 'quota',
      limit: 'account-daily',
      subject: { kind: 'account', id: 'alice', partition: 7 },
      quantity: 'credits',
      surface: 'any',
      hits: 2_500,
      enforced: true,
      posture: 'deny',
      amount: 10_000,
      window: 'day',
      timeZone: 'UTC',
      current: { startMs: noonMs - dayMs / 2, endMs: noonMs + dayMs / 2 },
      next: { startMs: noonMs + dayMs / 2, endMs: noonMs + 1.5 * dayMs },
    })
  })

  test('leaves out limits of the other surface', () => {
    expect(linesOf([limitRule({ surface: 'gpu' })], lineFacts())).toEqual([])
  })

  test('leaves out limits of the API, whatever surface is asked for', () => {
    const api = limitRule({ surface: 'api' })
    expect(linesOf([api], lineFacts({ surface: 'pypi' }))).toEqual([])
    expect(linesOf([api], lineFacts({ surface: 'gpu' }))).toEqual([])
  })

  test('leaves out limits per token when the caller has none', () => {
    expect(linesOf([limitRule({ per: 'token' })], lineFacts())).toEqual([])
  })

  test.each([
    ['artifact', true],
    ['metadata', true],
    ['upload', true],
    ['call', true],
    ['index', false],
    ['root', false],
    ['other', true],
  ] as const)('an artifact-only limit on %s may refuse: %s', (kind, enforced) => {
    const [line] = linesOf([limitRule()], lineFacts({ kind }))
    expect(line?.enforced).toBe(enforced)
  })

  test('a limit on everything may refuse an index page', () => {
    const [line] = linesOf([limitRule({ enforceAt: 'everything' })], lineFacts({ kind: 'index' }))
    expect(line?.enforced).toBe(true)
  })

  test.each([
    ['bytes', true, 2_000],
    ['credits', true, 2_000],
    ['requests', true, 1],
    ['bytes', false, 1_000_000],
    ['credits', false, 2_500],
  ] as const)(
    'a rate on %s is asked at most its burst where the size is only assumed (%s)',
    (counts, isSizeAssumed, hits) => {
      const rate = limitRule({ kind: 'rate', counts, amount: 100, burst: 2_000, periodMs: 1_000 })
      expect(linesOf([rate], lineFacts({ isSizeAssumed }))[0]?.hits).toBe(hits)
    },
  )

  test('a shadow limit never refuses', () => {
    const [line] = linesOf([limitRule({ shadow: true, enforceAt: 'everything' })], lineFacts())
    expect(line?.enforced).toBe(false)
  })

  test('a zone of the limit beats the zone of the account', () => {
    const [own, named] = linesOf([limitRule(), limitRule({ timeZone: 'Asia/Shanghai' })], lineFacts())
    expect([own?.kind === 'quota' && own.timeZone, named?.kind === 'quota' && named.timeZone]).toEqual([
      'UTC',
      'Asia/Shanghai',
    ])
  })
})

describe('subjectsOf()', () => {
  test('names account, project and department even without a limit on them', () => {
    expect(subjectsOf([], lineFacts()).map(({ kind }) => kind)).toEqual(['account', 'project', 'department'])
  })

  test('names an address only where a quota counts addresses', () => {
    const rate = limitRule({ kind: 'rate', per: 'address', burst: 20, periodMs: 1_000 })
    expect(subjectsOf([rate], lineFacts()).some(({ kind }) => kind === 'address')).toBe(false)
    expect(subjectsOf([limitRule({ per: 'address' })], lineFacts()).some(({ kind }) => kind === 'address')).toBe(true)
  })
})
