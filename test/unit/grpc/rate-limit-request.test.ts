import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rateUnits } from '../../../src/core/descriptor-rule.ts'
import { decodeRateLimitRequest } from '../../../src/grpc/rate-limit-request.ts'
import { encodeRateLimitAsk } from '../../rpc/support/rate-limit-frame.ts'

const bytes = (...parts: readonly (number | string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part))))
/** A length-delimited field; its content is shorter than 128 bytes. */
const field = (number: number, content: Buffer | string): Buffer =>
  bytes((number << 3) | 2, Buffer.byteLength(content), content)
const read = (frame: Buffer) => {
  const decoded = decodeRateLimitRequest(frame)
  if (!decoded.ok) throw new Error(decoded.reason)
  return decoded.request
}
const reasonOf = (frame: Buffer): string => {
  const decoded = decodeRateLimitRequest(frame)
  return decoded.ok ? 'read' : decoded.reason
}
const ten = (last: number): Buffer => bytes(...Array<number>(9).fill(0xff), last)

describe('decodeRateLimitRequest() reads', () => {
  test('a whole question', () => {
    const ask = {
      domain: 'pypi',
      hitsAddend: 3,
      descriptors: [
        { entries: [{ key: 'a', value: 'ä' }, { key: 'b' }], limit: { requestsPerUnit: 9, unit: 'HOUR' } },
        { entries: [{ value: 'v' }], hitsAddend: { value: '5000000000' }, isNegativeHits: true },
        {},
      ],
    }
    expect(read(encodeRateLimitAsk(ask))).toEqual({
      domain: 'pypi',
      hitsAddend: 3,
      descriptors: [
        {
          entries: [
            { key: 'a', value: 'ä' },
            { key: 'b', value: '' },
          ],
          override: { requestsPerUnit: 9, unit: 'hour' },
        },
        { entries: [{ key: '', value: 'v' }], hitsAddend: 5_000_000_000, isNegativeHits: true },
        { entries: [] },
      ],
    })
  })

  test('no bytes as a question about nothing', () => {
    expect(read(Buffer.alloc(0))).toEqual({ domain: '', descriptors: [], hitsAddend: 0 })
  })

  test('a hits_addend wrapper that is there with 0 as 0, and an absent one as absent', () => {
    expect(read(encodeRateLimitAsk({ descriptors: [{ hitsAddend: {} }, {}] })).descriptors).toEqual([
      { entries: [], hitsAddend: 0 },
      { entries: [] },
    ])
  })

  test('every unit by its number, and a number that is no unit as undefined', () => {
    const units = [1, 2, 3, 4, 7, 5, 6, 0, 8, 77].map((unit) => {
      const { descriptors } = read(field(2, field(2, bytes(0x08, 1, 0x10, unit))))
      return descriptors[0]?.override?.unit
    })
    expect(units).toEqual([...rateUnits, undefined, undefined, undefined])
  })

  test('an empty override as one of 0 without a unit', () => {
    expect(read(field(2, field(2, ''))).descriptors).toEqual([
      { entries: [], override: { requestsPerUnit: 0, unit: undefined } },
    ])
  })

  test('hits above 2^53 − 1 as 2^53 − 1, never as less', () => {
    const hitsOf = (value: Buffer) => read(field(2, field(3, bytes(0x08, value)))).descriptors[0]?.hitsAddend
    expect(hitsOf(ten(0x01))).toBe(Number.MAX_SAFE_INTEGER)
    // 2^63
    expect(hitsOf(bytes(...Array<number>(9).fill(0x80), 0x01))).toBe(Number.MAX_SAFE_INTEGER)
  })

  test('a uint32 above its range as the largest uint32', () => {
    expect(read(bytes(0x18, ten(0x01))).hitsAddend).toBe(4_294_967_295)
    const [descriptor] = read(field(2, field(2, bytes(0x08, ten(0x01))))).descriptors
    expect(descriptor?.override?.requestsPerUnit).toBe(4_294_967_295)
  })

  test('the last of a field that comes twice, and a message that comes twice as one', () => {
    const twice = bytes(
      ...[field(1, 'first'), field(1, 'last'), 0x18, 5, 0x18, 2],
      field(
        2,
        bytes(
          field(1, bytes(field(1, 'k'), field(1, 'key'), field(2, 'v'), field(2, 'value'))),
          ...[field(2, bytes(0x08, 9)), field(2, bytes(0x10, 3))],
          ...[field(3, bytes(0x08, 4)), field(3, '')],
          ...[0x20, 1, 0x20, 0],
        ),
      ),
    )
    expect(read(twice)).toEqual({
      domain: 'last',
      hitsAddend: 2,
      descriptors: [
        {
          entries: [{ key: 'key', value: 'value' }],
          override: { requestsPerUnit: 9, unit: 'hour' },
          hitsAddend: 4,
        },
      ],
    })
  })

  test('past fields it does not know, and past known ones of another type', () => {
    const unknown = bytes(0x78, 1, 0x79, Buffer.alloc(8), 0x7d, Buffer.alloc(4), field(15, 'x'))
    const frame = bytes(unknown, 0x08, 1, field(3, 'x'), field(2, bytes(unknown, field(1, bytes(unknown, 0x08, 7)))))
    expect(read(frame)).toEqual({ domain: '', hitsAddend: 0, descriptors: [{ entries: [{ key: '', value: '' }] }] })
  })

  test('bytes that are not UTF-8 as U+FFFD, and NUL and separators as they are', () => {
    const entry = bytes(field(1, 'a\0b_|'), field(2, Buffer.from([0x61, 0xff, 0x62])))
    expect(read(field(2, field(1, entry))).descriptors[0]?.entries).toEqual([{ key: 'a\0b_|', value: 'a\ufffdb' }])
  })

  test('a value of 1 MiB', () => {
    const value = 'x'.repeat(1_048_576)
    expect(read(encodeRateLimitAsk({ descriptors: [{ entries: [{ value }] }] })).descriptors[0]?.entries).toEqual([
      { key: '', value },
    ])
  })

  test('10,000 descriptors and 10,000 entries', () => {
    const descriptors = Array.from({ length: 10_000 }, () => ({ entries: [{ key: 'k' }] }))
    expect(read(encodeRateLimitAsk({ descriptors })).descriptors).toHaveLength(10_000)
  })
})

describe('decodeRateLimitRequest() refuses', () => {
  test('more descriptors or entries than it reads, and longer texts', () => {
    expect(reasonOf(Buffer.concat(Array<Buffer>(10_001).fill(field(2, ''))))).toBe('too_large')
    const entries = Array.from({ length: 5_001 }, () => ({}))
    expect(reasonOf(encodeRateLimitAsk({ descriptors: [{ entries }, { entries }] }))).toBe('too_large')
    const long = 'x'.repeat(1_048_577)
    for (const ask of [
      { domain: long },
      { descriptors: [{ entries: [{ key: long }] }] },
      { descriptors: [{ entries: [{ value: long }] }] },
    ]) {
      expect(reasonOf(encodeRateLimitAsk(ask))).toBe('too_large')
    }
  })

  test('what ends too early, at any byte, or is no protobuf', () => {
    const frame = field(2, bytes(field(1, bytes(field(1, 'k'), field(2, 'v'))), field(3, bytes(0x08, 4))))
    for (let length = 1; length < frame.length; length += 1) {
      expect([length, reasonOf(frame.subarray(0, length))]).toEqual([length, 'malformed'])
    }
    // A group, field 0, a varint of eleven bytes, an inner length beyond the outer one.
    for (const bad of [bytes(0x0b), bytes(0x00, 1), bytes(0x18, ten(0xff), 1), bytes(0x12, 2, 0x0a, 9, 'xxxxxxxxx')]) {
      expect(reasonOf(bad)).toBe('malformed')
    }
  })
})

test('decodeRateLimitRequest() gives back what was encoded', () => {
  const unit = fc.constantFrom('SECOND', 'MINUTE', 'HOUR', 'DAY', 'MONTH', 'YEAR')
  const text = fc
    .array(fc.nat(0x10ffff), { maxLength: 9 })
    .map((points) => String.fromCodePoint(...points).toWellFormed())
  const descriptor = fc.record(
    {
      entries: fc.array(fc.record({ key: text, value: text }), { maxLength: 4 }),
      limit: fc.record({ requestsPerUnit: fc.nat(0xffffffff), unit }),
      hitsAddend: fc.record({ value: fc.maxSafeNat() }),
      isNegativeHits: fc.constant(true),
    },
    { requiredKeys: ['entries'] },
  )
  const ask = fc.record({
    domain: text,
    hitsAddend: fc.nat(0xffffffff),
    descriptors: fc.array(descriptor, { maxLength: 4 }),
  })
  fc.assert(
    fc.property(ask, ({ descriptors, ...rest }) => {
      const encoded = encodeRateLimitAsk({
        ...rest,
        descriptors: descriptors.map((one) => ({
          ...one,
          ...(one.hitsAddend && { hitsAddend: { value: String(one.hitsAddend.value) } }),
        })),
      })
      expect(read(encoded)).toEqual({
        ...rest,
        descriptors: descriptors.map(({ limit, hitsAddend, ...one }) => ({
          ...one,
          ...(limit && { override: { ...limit, unit: limit.unit.toLowerCase() } }),
          ...(hitsAddend && { hitsAddend: hitsAddend.value }),
        })),
      })
    }),
    { numRuns: 200 },
  )
})
