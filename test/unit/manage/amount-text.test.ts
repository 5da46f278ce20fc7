import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { amountText, textOfThousandths, thousandthsOf, thousandthsOfCode } from '../../../src/manage/amount-text.ts'

/** What a limit of credits can be at most: counted in thousandths. */
const largest = '4503599627370.496'

describe('amountText()', () => {
  test.each([
    ['1', '1'],
    ['0.001', '0.001'],
    ['007.500', '7.5'],
    ['10000.000', '10000'],
    [largest, largest],
  ])('writes %s credits as %s', (text, written) => {
    expect(amountText(text, 'credits')).toBe(written)
  })

  test.each(['requests', 'bytes', 'gpu_ms', 'in_flight'] as const)('takes whole %s alone', (counts) => {
    expect(amountText('12.000', counts)).toBe('12')
    expect(() => amountText('12.5', counts)).toThrow(/whole/)
    expect(amountText('4503599627370496', counts)).toBe('4503599627370496')
    expect(() => amountText('4503599627370497', counts)).toThrow(/at most 4503599627370496$/)
  })

  test.each([
    '',
    ' ',
    '0',
    '0.000',
    '-1',
    '+1',
    '1e3',
    '1,5',
    '１',
    '1.',
    '.5',
    '0x10',
    'NaN',
    'Infinity',
    '1.0001',
    '4503599627370.497',
    '4503599627371',
    '1000000000000000',
    '9'.repeat(17),
    '1\n',
  ])('refuses %j', (text) => {
    expect(() => amountText(text, 'credits')).toThrow(expect.objectContaining({ code: 'not_valid' }))
  })
})

test('thousandths of any amount are exact, and written back as they came', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 52n }), (thousandths) => {
      const text = textOfThousandths(thousandths)
      expect(thousandthsOf(text)).toBe(thousandths)
      expect(amountText(text, 'credits')).toBe(text)
    }),
  )
})

test('thousandthsOfCode() knows that credits are counted in thousandths already', () => {
  expect(thousandthsOfCode(1_500, 'credits')).toBe(1_500n)
  expect(thousandthsOfCode(1_500, 'bytes')).toBe(1_500_000n)
  expect(thousandthsOfCode(2 ** 53 - 1, 'bytes')).toBe(9_007_199_254_740_991_000n)
})
