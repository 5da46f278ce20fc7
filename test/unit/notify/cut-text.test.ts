import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cutToBytes, cutToLength, oneLine } from '../../../src/notify/cut-text.ts'

describe('cutToBytes()', () => {
  test('leaves what fits as it is, to the last byte', () => {
    expect(cutToBytes('限额', 6)).toBe('限额')
    expect(cutToBytes('', 0)).toBe('')
  })

  test.each([
    ['限额用完', 11, '限额…'],
    ['限额用完', 9, '限额…'],
    ['限额用完', 8, '限…'],
    ['a😀😀', 8, 'a😀…'],
    ['a😀😀', 7, 'a…'],
  ])('cuts %s at %i bytes before a whole character', (text, bytesMax, expected) => {
    expect(cutToBytes(text, bytesMax)).toBe(expected)
  })

  test('never answers more bytes than asked, nor half a character, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 3, max: 80 }), (text, bytesMax) => {
        const cut = cutToBytes(text, bytesMax)
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax)
        expect(text.startsWith(cut.replace(/…$/, '')) || cut === text).toBe(true)
      }),
    )
  })
})

describe('cutToLength()', () => {
  test('never leaves half a surrogate pair', () => {
    expect(cutToLength('ab😀cd', 4)).toBe('ab…')
    expect(cutToLength('ab😀cd', 5)).toBe('ab😀…')
    expect(cutToLength('abcd', 4)).toBe('abcd')
  })
})

describe('oneLine()', () => {
  test('takes line breaks, control characters, turns of direction and lone surrogates out', () => {
    expect(oneLine('evil\u202Egpj.exe\u2066')).toBe('evilgpj.exe')
    expect(oneLine(' a\r\nb\u0000c\u2028d\uD800 ')).toBe('a b c d\uFFFD')
  })
})
