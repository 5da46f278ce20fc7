import { expect, test } from 'vitest'
import { csv } from '../../../src/cli/csv.ts'

test('csv() ends lines by CRLF and quotes what would break a cell, as RFC 4180 says', () => {
  expect(
    csv([
      ['a', 'b'],
      ['say "hi"', 'x,y'],
      ['two\nlines', { number: '1.5' }],
    ]),
  ).toBe('a,b\r\n"say ""hi""","x,y"\r\n"two\nlines",1.5\r\n')
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '=HYPERLINK("http://x")'])(
  'csv() lets no spreadsheet take %j for a formula',
  (text) => {
    const line = csv([[text]])
    expect(line.startsWith(`'`) || line.startsWith(`"'`)).toBe(true)
  },
)

test('csv() leaves numbers below zero numbers', () => {
  expect(csv([[{ number: '-1.5' }]])).toBe('-1.5\r\n')
})
