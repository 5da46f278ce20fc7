import { expect, test } from 'vitest'
import { continues, type Download, downloadKey } from '../../../src/core/download.ts'

const download: Download = { id: 'a', at: 1_000_000, endedAtMs: 1_060_000, end: 'broken', nextByte: 5, before: 0 }
const repeat = { id: 'b', at: 1_061_000, firstByte: 0 }

test('a repeat from the first byte goes on with a download that broke off, for ten minutes', () => {
  expect(continues(download, repeat)).toBe(true)
  expect(continues(download, { ...repeat, at: download.endedAtMs + 600_000 })).toBe(true)
  expect(continues(download, { ...repeat, at: download.endedAtMs + 600_001 })).toBe(false)
})

test('the bytes behind a part that came whole go on with it; the same bytes again do not, nor does a repeat', () => {
  const part: Download = { ...download, end: 'part' }
  expect(continues(part, { ...repeat, firstByte: 5 })).toBe(true)
  expect(continues(part, { ...repeat, firstByte: 4 })).toBe(false)
  expect(continues({ ...part, nextByte: 0 }, repeat)).toBe(false)
})

test('nothing goes on with a whole download, with one that still ran, with itself or with none', () => {
  expect(continues({ ...download, end: 'whole' }, { ...repeat, firstByte: 5 })).toBe(false)
  expect(continues(download, { ...repeat, at: download.endedAtMs - 1_000 })).toBe(false)
  expect(continues(download, { ...repeat, id: 'a' })).toBe(false)
  expect(continues(undefined, { ...repeat, firstByte: 5 })).toBe(false)
})

test('a download in more than eight pieces pays its base price again', () => {
  expect(continues({ ...download, before: 7 }, repeat)).toBe(true)
  expect(continues({ ...download, before: 8 }, repeat)).toBe(false)
})

test('callers without a token are told apart by address', () => {
  const of = { token: '', address: '192.0.2.1', upstream: 'mirror', path: '/a' }
  expect(downloadKey(of)).not.toBe(downloadKey({ ...of, address: '192.0.2.2' }))
  expect(downloadKey({ ...of, token: 't' })).toBe(downloadKey({ ...of, token: 't', address: '192.0.2.2' }))
})
