import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareDecimals, decimalLess, sumOfDecimals, thousandthsOf } from '../../src/core/decimal.ts'

const decimal = fc
  .record({ units: fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), scale: fc.integer({ min: 0, max: 12 }) })
  .map(({ units, scale }) => {
    const size = String(units < 0n ? -units : units).padStart(scale + 1, '0')
    const whole = `${units < 0n ? '-' : ''}${size.slice(0, size.length - scale)}`
    return { text: scale === 0 ? whole : `${whole}.${size.slice(-scale)}`, atTwelve: units * 10n ** BigInt(12 - scale) }
  })

/** 10^12 times the number, by another road: pad and cut. */
function atTwelve(text: string): bigint {
  const [whole = '', decimals = ''] = text.split('.')
  return BigInt(`${whole}${decimals.padEnd(12, '0')}`)
}

test('sums and differences of decimal texts are exact, whatever their size', () => {
  fc.assert(
    fc.property(fc.array(decimal, { maxLength: 20 }), decimal, (numbers, other) => {
      const sum = sumOfDecimals(numbers.map(({ text }) => text))
      expect(atTwelve(sum)).toBe(numbers.reduce((total, one) => total + one.atTwelve, 0n))
      expect(atTwelve(decimalLess(sum, other.text))).toBe(atTwelve(sum) - other.atTwelve)
      expect(Math.sign(compareDecimals(sum, other.text))).toBe(
        atTwelve(sum) === other.atTwelve ? 0 : atTwelve(sum) < other.atTwelve ? -1 : 1,
      )
    }),
  )
})

test('a decimal text is the shortest one of its number', () => {
  expect(sumOfDecimals([])).toBe('0')
  expect(sumOfDecimals(['0.10', '0.20'])).toBe('0.3')
  expect(decimalLess('0.05', '0.1')).toBe('-0.05')
  expect(decimalLess('1.50', '1.5')).toBe('0')
  expect(thousandthsOf('1500')).toBe('1.5')
  expect(thousandthsOf('-7')).toBe('-0.007')
  expect(() => sumOfDecimals(['1e3'])).toThrow(RangeError)
})
