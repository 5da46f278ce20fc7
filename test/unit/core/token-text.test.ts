import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { hintOf, looksLikeToken, makeTokenText } from '../../../src/core/token-text.ts'

/** Checksum taken with Python's zlib.crc32, written in base 62. */
const token = 'tg_AbCdEfGhIjKlMnOpQrStUvWxYz0123_0Ki3An'

test('looksLikeToken() accepts tokens whose checksum was computed elsewhere', () => {
  expect(looksLikeToken(token)).toBe(true)
  expect(looksLikeToken('tg_000000000000000000000000000000_4fdrUr')).toBe(true)
})

test.each([
  ['one letter changed', 'tg_BbCdEfGhIjKlMnOpQrStUvWxYz0123_0Ki3An'],
  ['two letters swapped', 'tg_bACdEfGhIjKlMnOpQrStUvWxYz0123_0Ki3An'],
  ['checksum changed', 'tg_AbCdEfGhIjKlMnOpQrStUvWxYz0123_0Ki3Ao'],
  ['too short', 'tg_AbCdEfGhIjKlMnOpQrStUvWxYz012_0Ki3An'],
  ['letters outside of base 62', 'tg_AbCdEfGhIjKlMnOpQrStUvWxYz012-_0Ki3An'],
  ['another prefix', 'gh_AbCdEfGhIjKlMnOpQrStUvWxYz0123_0Ki3An'],
  ['a line break behind it', `${token}\n`],
  ['nothing', ''],
])('looksLikeToken() refuses %s', (_, text) => {
  expect(looksLikeToken(text)).toBe(false)
})

test('makeTokenText() makes tokens that look like tokens and never the same twice', () => {
  const made = Array.from({ length: 200 }, () => makeTokenText(randomBytes))
  expect(made.every(looksLikeToken)).toBe(true)
  expect(new Set(made).size).toBe(200)
})

test('makeTokenText() draws bytes above the last multiple of 62 again, so that no letter is likelier', () => {
  const draws = [
    Uint8Array.from({ length: 30 }, (_, index) => (index < 15 ? 255 - (index % 8) : 10)),
    new Uint8Array(30).fill(61),
  ]
  const text = makeTokenText(() => draws.shift() ?? new Uint8Array(30))
  expect(text.slice(3, 33)).toBe(`${'A'.repeat(15)}${'z'.repeat(15)}`)
})

test('makeTokenText() gives up on a source that only repeats what must be drawn again', () => {
  expect(() => makeTokenText((count) => new Uint8Array(count).fill(255))).toThrow('source of randomness')
})

test('hintOf() shows four letters at both ends', () => {
  expect(hintOf(token)).toBe('tg_AbCd…i3An')
})
