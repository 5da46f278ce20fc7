import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RateLimitAnswer } from '../../../src/check/rate-limit/rate-limit-words.ts'
import { rateUnits } from '../../../src/core/descriptor-rule.ts'
import { encodeRateLimitResponse } from '../../../src/grpc/rate-limit-response.ts'
import { readRateLimitReply } from '../../rpc/support/rate-limit-frame.ts'

const answer = (parts: Partial<RateLimitAnswer> = {}): RateLimitAnswer => ({
  code: 'ok',
  statuses: [],
  responseHeaders: [],
  ...parts,
})
const replyTo = (parts: Partial<RateLimitAnswer>) => readRateLimitReply(encodeRateLimitResponse(answer(parts)))
const header = (name: string, value = 'v') => ({ name, value })
const status = (parts: Partial<RateLimitAnswer['statuses'][number]> = {}) => ({
  code: 'ok' as const,
  remaining: 0,
  ...parts,
})

describe('encodeRateLimitResponse()', () => {
  test('says the overall code, which is never UNKNOWN', () => {
    expect(replyTo({ code: 'ok' }).overallCode).toBe('OK')
    expect(replyTo({ code: 'over_limit' }).overallCode).toBe('OVER_LIMIT')
  })

  test('keeps the statuses in their order, with limit, remaining and time until reset', () => {
    const limit = { requestsPerUnit: 5, unit: 'week' as const, name: 'Ünï' }
    const { statuses } = replyTo({
      code: 'over_limit',
      statuses: [
        status({ code: 'over_limit', limit, resetMs: 3_004 }),
        status({ remaining: 7 }),
        status({ limit: { requestsPerUnit: 0, unit: undefined, name: '' }, resetMs: 0 }),
      ],
    })
    expect(statuses).toEqual([
      {
        code: 'OVER_LIMIT',
        currentLimit: { requestsPerUnit: 5, unit: 'WEEK', name: 'Ünï' },
        limitRemaining: 0,
        durationUntilReset: { seconds: '3', nanos: 4_000_000 },
      },
      { code: 'OK', currentLimit: null, limitRemaining: 7, durationUntilReset: null },
      {
        code: 'OK',
        currentLimit: { requestsPerUnit: 0, unit: 'UNKNOWN', name: '' },
        limitRemaining: 0,
        durationUntilReset: { seconds: '0', nanos: 0 },
      },
    ])
  })

  test('names every unit', () => {
    const statuses = rateUnits.map((unit) => status({ limit: { requestsPerUnit: 1, unit, name: '' } }))
    expect(replyTo({ statuses }).statuses.map(({ currentLimit }) => currentLimit?.unit)).toEqual(
      rateUnits.map((unit) => unit.toUpperCase()),
    )
  })

  test.each([
    [4_294_967_295, 4_294_967_295],
    [4_294_967_296, 4_294_967_295],
    [Number.MAX_SAFE_INTEGER, 4_294_967_295],
    [Number.POSITIVE_INFINITY, 4_294_967_295],
    [2.9, 2],
    [-1, 0],
    [Number.NaN, 0],
  ])('tells %d as %d where 32 bits are all there is', (given, told) => {
    const [read] = replyTo({
      statuses: [status({ remaining: given, limit: { requestsPerUnit: given, unit: 'day', name: '' } })],
    }).statuses
    expect([read?.limitRemaining, read?.currentLimit?.requestsPerUnit]).toEqual([told, told])
  })

  test.each([
    [-5, '0', 0],
    [0.2, '0', 1_000_000],
    [999.1, '1', 0],
    [Number.NaN, '0', 0],
    [Number.POSITIVE_INFINITY, '315576000000', 0],
  ])('tells a reset in %d ms as %s s and %d ns', (resetMs, seconds, nanos) => {
    expect(replyTo({ statuses: [status({ resetMs })] }).statuses[0]?.durationUntilReset).toEqual({ seconds, nanos })
  })

  test('sends headers of the list in their order, and tells the others to onDropped', () => {
    const dropped: string[] = []
    const responseHeaders = [
      header('ratelimit', '"n";r=1'),
      header('x-ratelimit-limit', '10, 10;w=60'),
      header(':status', '200'),
      header('set-cookie'),
      header('X-Tollgate-Upper'),
      header('x-tollgate-why', 'a\r\nb'),
      header('x-tollgate-who', 'alice'),
    ]
    const bytes = encodeRateLimitResponse(answer({ responseHeaders }), (name, why) => dropped.push(`${name} ${why}`))
    expect(readRateLimitReply(bytes).responseHeadersToAdd).toEqual([
      { key: 'ratelimit', value: '"n";r=1' },
      { key: 'x-ratelimit-limit', value: '10, 10;w=60' },
      { key: 'x-tollgate-who', value: 'alice' },
    ])
    expect(dropped).toEqual([
      ':status unknown_name',
      'set-cookie unknown_name',
      'X-Tollgate-Upper unknown_name',
      'x-tollgate-why bad_value',
    ])
  })

  test('sends a body and its content-type with a refusal only', () => {
    const parts = { body: '{"détail":1}', responseHeaders: [header('content-type', 'application/problem+json')] }
    const refused = replyTo({ ...parts, code: 'over_limit' })
    expect([refused.rawBody.toString(), refused.responseHeadersToAdd]).toEqual([
      '{"détail":1}',
      [{ key: 'content-type', value: 'application/problem+json' }],
    ])
    const passed = replyTo(parts)
    expect([passed.rawBody.length, passed.responseHeadersToAdd]).toEqual([0, []])
  })

  test('sends metadata as a Struct, without what a Struct cannot hold', () => {
    const metadata = {
      text: 'ä',
      number: -1.5,
      zero: 0,
      no: false,
      nothing: null,
      list: [1, 'two', undefined, [true]],
      inner: { deep: { er: 'x' } },
      lost: undefined,
      infinite: Number.POSITIVE_INFINITY,
      call: () => 1,
    }
    expect(replyTo({ metadata }).dynamicMetadata).toEqual({
      text: 'ä',
      number: -1.5,
      zero: 0,
      no: false,
      nothing: null,
      list: [1, 'two', null, [true]],
      inner: { deep: { er: 'x' } },
    })
    expect(replyTo({}).dynamicMetadata).toBeNull()
  })

  test('ends at 16 levels of metadata, also where it contains itself', () => {
    const endless: Record<string, unknown> = {}
    endless['self'] = endless
    let levels = 0
    let at = replyTo({ metadata: endless }).dynamicMetadata as { self?: unknown } | undefined
    for (; at !== undefined; at = at.self as typeof at) levels += 1
    expect(levels).toBe(17)
  })

  test('is read as what was written, whatever was written', () => {
    const uint32 = fc.nat(0xffffffff)
    const text = fc
      .array(fc.nat(0x10ffff), { maxLength: 9 })
      .map((points) => String.fromCodePoint(...points).toWellFormed())
    const limit = fc.record({ requestsPerUnit: uint32, unit: fc.constantFrom(...rateUnits), name: text })
    const one = fc.record(
      { code: fc.constantFrom('ok', 'over_limit'), remaining: uint32, limit, resetMs: fc.nat(Number.MAX_SAFE_INTEGER) },
      { requiredKeys: ['code', 'remaining'] },
    )
    const metadata = fc.dictionary(text, fc.jsonValue({ maxDepth: 2 }))
    fc.assert(
      fc.property(fc.array(one, { maxLength: 5 }), metadata, (statuses, struct) => {
        const reply = replyTo({ statuses: statuses as RateLimitAnswer['statuses'], metadata: struct })
        expect(reply.statuses.map((read) => read.limitRemaining)).toEqual(statuses.map(({ remaining }) => remaining))
        expect(reply.statuses.map((read) => read.currentLimit)).toEqual(
          statuses.map((given) => (given.limit ? { ...given.limit, unit: given.limit.unit.toUpperCase() } : null)),
        )
        expect(reply.statuses.map(({ durationUntilReset: read }) => read && Number(read.seconds))).toEqual(
          statuses.map(({ resetMs }) =>
            resetMs === undefined ? null : Math.min(Math.floor(resetMs / 1000), 315_576_000_000),
          ),
        )
        // JSON knows one 0 only.
        expect(JSON.parse(JSON.stringify(reply.dynamicMetadata))).toEqual(JSON.parse(JSON.stringify(struct)))
      }),
      { numRuns: 150 },
    )
  })
})
