import { expect, test } from 'vitest'
import { expectedBytes, firstByteOf, readRange, sizeInContentRange } from '../../../src/core/byte-range.ts'

const gib = 1_073_741_824

test.each([
  ['bytes=0-99', 1_000, 100],
  ['bytes=900-', 1_000, 100],
  ['bytes=900-5000', 1_000, 100],
  ['bytes=-100', 1_000, 100],
  ['bytes=-5000', 1_000, 1_000],
  ['bytes=1000-', 1_000, 0],
  [`bytes=${4 * gib}-`, 5 * gib, gib],
  [`bytes=0-${5 * gib - 1}`, 5 * gib, 5 * gib],
])('%s of a file of %d bytes holds %d', (range, known, bytes) => {
  expect(expectedBytes(readRange(new Map([['range', range]])), { known, assumed: 7 })).toBe(bytes)
})

test.each([
  '',
  'bytes',
  'bytes=',
  'bytes=-',
  'bytes=5-4',
  'bytes=a-b',
  'items=0-1',
  'bytes=0-1,5-6',
  'bytes=0-1e9',
  'bytes=-1-',
])('a range that is written %j is answered with the whole file', (range) => {
  expect(readRange(new Map([['range', range]]))).toBeUndefined()
  expect(expectedBytes(undefined, { known: 1_000, assumed: 7 })).toBe(1_000)
})

test('a range under a condition may be answered with the whole file', () => {
  const headers = new Map([
    ['range', 'bytes=900-'],
    ['if-range', '"etag"'],
  ])
  expect(readRange(headers)).toBeUndefined()
  expect(firstByteOf(headers.get('range'))).toBe(900)
})

test('of a file whose size is not known a range with an end holds at most that, one without all that is assumed', () => {
  const of = (range: string) => readRange(new Map([['range', range]]))
  expect(expectedBytes(of('bytes=0-99'), { known: undefined, assumed: 5_000 })).toBe(100)
  expect(expectedBytes(of('bytes=-70'), { known: undefined, assumed: 5_000 })).toBe(70)
  expect(expectedBytes(of('bytes=4000-'), { known: undefined, assumed: 5_000 })).toBe(5_000)
  expect(expectedBytes(undefined, { known: undefined, assumed: 5_000 })).toBe(5_000)
})

test.each([
  ['bytes 0-99/1000', 1_000],
  [`bytes 0-99/${5 * gib}`, 5 * gib],
  ['bytes 0-99/*', undefined],
  ['bytes */1000', undefined],
  ['', undefined],
  ['bytes 0-99/99999999999999999999', undefined],
])('a content range %j tells the size %s', (text, size) => {
  expect(sizeInContentRange(text)).toBe(size)
})
