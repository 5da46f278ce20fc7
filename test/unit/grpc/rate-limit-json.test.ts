import { describe, expect, test } from 'vitest'
import type { RateLimitAnswer } from '../../../src/check/rate-limit/rate-limit-words.ts'
import { decodeRateLimitJson, encodeRateLimitJson } from '../../../src/grpc/rate-limit-json.ts'

const read = (body: unknown) => {
  const decoded = decodeRateLimitJson(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
  if (!decoded.ok) throw new Error(decoded.faults.join('; '))
  return decoded.request
}
const faultsOf = (body: unknown): readonly string[] => {
  const decoded = decodeRateLimitJson(
    Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  )
  return decoded.ok ? [] : decoded.faults
}

describe('decodeRateLimitJson() reads', () => {
  const whole = {
    domain: 'd',
    hitsAddend: 2,
    descriptors: [
      {
        entries: [
          { key: 'k', value: 'v' },
          { key: '', value: '' },
        ],
        hitsAddend: 5_000_000_000,
        isNegativeHits: true,
        override: { requestsPerUnit: 3, unit: 'hour' },
      },
      { entries: [], hitsAddend: 0 },
      { entries: [] },
    ],
  }

  test('names in camel case and as in the .proto, numbers as such and as text, wrappers as plain values', () => {
    const camel = `{"domain":"d","hitsAddend":"2","descriptors":[{"entries":[{"key":"k","value":"v"},{}],
      "hitsAddend":"5000000000","isNegativeHits":true,"limit":{"requestsPerUnit":3,"unit":"HOUR"}},{"hitsAddend":0},{}]}`
    const snake = `{"domain":"d","hits_addend":2.0,"descriptors":[{"entries":[{"key":"k","value":"v"},{}],
      "hits_addend":5e9,"is_negative_hits":true,"limit":{"requests_per_unit":"3","unit":3}},{"hits_addend":"0"},{}]}`
    expect(read(camel)).toEqual(whole)
    expect(read(snake)).toEqual(whole)
  })

  test('null as absent', () => {
    const nothing = { domain: null, hitsAddend: null, descriptors: null }
    expect(read(nothing)).toEqual({ domain: '', hitsAddend: 0, descriptors: [] })
    const descriptor = { entries: null, limit: null, hitsAddend: null, isNegativeHits: null }
    expect(read({ descriptors: [descriptor] }).descriptors).toEqual([{ entries: [] }])
  })

  test('hits up to 2^64 − 1, saturated at 2^53 − 1', () => {
    for (const hits of ['18446744073709551615', '9007199254740993']) {
      expect(read({ descriptors: [{ hitsAddend: hits }] }).descriptors[0]?.hitsAddend).toBe(Number.MAX_SAFE_INTEGER)
    }
  })

  test('each unit by name and number, and UNKNOWN and strange numbers as none', () => {
    const unitOf = (unit: unknown) => read({ descriptors: [{ limit: { unit } }] }).descriptors[0]?.override?.unit
    const names = ['SECOND', 'MINUTE', 'HOUR', 'DAY', 'MONTH', 'YEAR', 'WEEK']
    expect(names.map(unitOf)).toEqual(names.map((name) => name.toLowerCase()))
    expect(names.map((_, index) => unitOf(index + 1))).toEqual(names.map((name) => name.toLowerCase()))
    expect(['UNKNOWN', 0, 8, 99, -1].map(unitOf)).toEqual(Array(5).fill(undefined))
  })

  test('half a surrogate pair as U+FFFD, as it would come over gRPC', () => {
    expect(read(String.raw`{"domain":"\ud800"}`).domain).toBe('\ufffd')
  })
})

describe('decodeRateLimitJson() says what is wrong and where', () => {
  test.each([
    ['', 'The body must be JSON in UTF-8: Unexpected end of JSON input'],
    [
      Buffer.from([0x22, 0xff, 0x22]),
      'The body must be JSON in UTF-8: The encoded data was not valid for encoding utf-8',
    ],
    ['[]', 'The body must be an object'],
    ['null', 'The body must be an object'],
    ['"x"', 'The body must be an object'],
    [{ domain: 5 }, 'domain must be a text'],
    [{ hitsAddend: -1 }, 'hits_addend must be a whole number from 0 to 4294967295'],
    [{ hitsAddend: 4_294_967_296 }, 'hits_addend must be a whole number from 0 to 4294967295'],
    [{ descriptors: {} }, 'descriptors must be a list'],
    [{ descriptors: [null] }, 'descriptors[0] must be an object'],
    [{ descriptors: [{ entries: 'x' }] }, 'descriptors[0].entries must be a list'],
    [{ descriptors: [{}, { entries: [{ key: 1 }] }] }, 'descriptors[1].entries[0].key must be a text'],
    [
      { descriptors: [{ hitsAddend: { value: 2 } }] },
      'descriptors[0].hits_addend must be a plain value, a whole number from 0 to 2^64 − 1',
    ],
    [
      { descriptors: [{ hitsAddend: 1.5 }] },
      'descriptors[0].hits_addend must be a plain value, a whole number from 0 to 2^64 − 1',
    ],
    [
      { descriptors: [{ hitsAddend: '99999999999999999999' }] },
      'descriptors[0].hits_addend must be a plain value, a whole number from 0 to 2^64 − 1',
    ],
    [{ descriptors: [{ isNegativeHits: 'true' }] }, 'descriptors[0].is_negative_hits must be true or false'],
    [
      { descriptors: [{ limit: { unit: 'hour' } }] },
      'descriptors[0].limit.unit must be a unit (SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, YEAR) or its number',
    ],
    [{ domian: 'd' }, 'domian is not a field of RateLimitRequest'],
    [
      { descriptors: [{ entries: [{ kee: 'x' }] }] },
      'descriptors[0].entries[0].kee is not a field of RateLimitRequest',
    ],
    ['{"__proto__":{}}', '__proto__ is not a field of RateLimitRequest'],
    [{ hitsAddend: 1, hits_addend: 1 }, 'The body has hits_addend twice, in both spellings'],
  ])('%j: %s', (body, fault) => {
    expect(faultsOf(body)).toEqual([fault])
  })

  test('all of it at once, and no more than ten', () => {
    expect(faultsOf({ domain: 1, descriptors: [3, { entries: [{ key: 1, value: 2 }] }] })).toHaveLength(4)
    const many = faultsOf({ descriptors: Array(500).fill(1) })
    expect([many.length, many.at(-1)]).toEqual([11, 'and 490 more'])
  })

  test('too many descriptors or entries, before any of them is read', () => {
    expect(faultsOf({ descriptors: Array(10_001).fill(1) })).toEqual(['descriptors must be at most 10000, are 10001'])
    const entries = Array(5_001).fill(1)
    expect(faultsOf({ descriptors: [{ entries }, { entries }] })).toEqual([
      'entries must be at most 10000 in all, are 10002',
    ])
  })
})

describe('encodeRateLimitJson()', () => {
  const answer: RateLimitAnswer = {
    code: 'over_limit',
    statuses: [
      {
        code: 'over_limit',
        limit: { requestsPerUnit: 2 ** 40, unit: 'week', name: 'n' },
        remaining: 0,
        resetMs: 3_004,
      },
      { code: 'ok', limit: { requestsPerUnit: 0, unit: undefined, name: '' }, remaining: 7, resetMs: 60_000 },
      { code: 'ok', remaining: Number.POSITIVE_INFINITY },
    ],
    responseHeaders: [
      { name: 'retry-after', value: '4' },
      { name: 'set-cookie', value: 'x' },
    ],
    body: 'bödy',
    metadata: { a: [1, 'b'] },
  }

  test('writes what protobuf’s JSON has, saturated, with defaults left out', () => {
    expect(JSON.parse(encodeRateLimitJson(answer))).toEqual({
      overallCode: 'OVER_LIMIT',
      statuses: [
        {
          code: 'OVER_LIMIT',
          currentLimit: { requestsPerUnit: 4_294_967_295, unit: 'WEEK', name: 'n' },
          durationUntilReset: '3.004s',
        },
        { code: 'OK', currentLimit: {}, limitRemaining: 7, durationUntilReset: '60s' },
        { code: 'OK', limitRemaining: 4_294_967_295 },
      ],
      responseHeadersToAdd: [{ key: 'retry-after', value: '4' }],
      rawBody: Buffer.from('bödy').toString('base64'),
      dynamicMetadata: { a: [1, 'b'] },
    })
  })

  test('writes next to nothing for a call about nothing', () => {
    expect(encodeRateLimitJson({ code: 'ok', statuses: [], responseHeaders: [], body: 'x' })).toBe(
      '{"overallCode":"OK"}',
    )
  })
})
