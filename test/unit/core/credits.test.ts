import { expect, test } from 'vitest'
import { creditsOfMilli, milliOfCredits } from '../../../src/core/credits.ts'

test.each([
  ['0', 0, '0'],
  ['0.000', 0, '0'],
  ['-0', 0, '0'],
  ['1', 1_000, '1'],
  ['12.5', 12_500, '12.5'],
  ['0.001', 1, '0.001'],
  ['10000.000', 10_000_000, '10000'],
  ['1.2300', 1_230, '1.23'],
  ['-3.07', -3_070, '-3.07'],
  ['9007199254740.991', Number.MAX_SAFE_INTEGER, '9007199254740.991'],
  ['-9007199254740.991', -Number.MAX_SAFE_INTEGER, '-9007199254740.991'],
  ['007', 7_000, '7'],
])('%s credits are %d millicredits and back', (...[credits, milli, shortest]) => {
  expect(milliOfCredits(credits)).toBe(milli)
  expect(creditsOfMilli(milli)).toBe(shortest)
})

test.each([
  '',
  '.5',
  '5.',
  '1e3',
  '1.0001',
  '9007199254740.992',
  '99999999999999999',
  ' 1',
  '1 ',
  '+1',
  'NaN',
  '0x10',
  '1,5',
])('milliOfCredits() refuses %j', (text) => {
  expect(milliOfCredits(text)).toBeUndefined()
})
