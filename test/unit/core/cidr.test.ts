import { expect, test } from 'vitest'
import { contains, overlaps, parseCidr } from '../../../src/core/cidr.ts'

const cidr = (text: string) => {
  const parsed = parseCidr(text)
  if (parsed === undefined) throw new Error(`no block: ${text}`)
  return parsed
}

test.each([
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.1.2.3/8', '10.9.9.9', true],
  ['0.0.0.0/0', '203.0.113.9', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['203.0.113.9', '203.0.113.9', true],
  ['203.0.113.9/32', '203.0.113.8', false],
  ['::ffff:10.0.0.0/104', '10.1.2.3', true],
  ['10.0.0.0/8', '::ffff:10.1.2.3', true],
  ['2001:db8::/32', '2001:db8:1:2::/64', true],
  ['2001:db8::/32', '2001:db9::1', false],
  ['2001:db8:1:2::1', '2001:db8:1:2::/64', false],
  ['::/0', '::1', true],
])('contains(%s, %s) is %s', (outer, inner, expected) => {
  expect(contains(cidr(outer), cidr(inner))).toBe(expected)
})

test('overlaps() knows that one address lies in its /64 and not in the next', () => {
  expect(overlaps(cidr('2001:db8:1:2::1'), cidr('2001:db8:1:2::/64'))).toBe(true)
  expect(overlaps(cidr('2001:db8:1:3::1'), cidr('2001:db8:1:2::/64'))).toBe(false)
  expect(overlaps(cidr('10.0.0.0/8'), cidr('::/0'))).toBe(false)
})

test.each([
  'unknown',
  '',
  '10.0.0',
  '10.0.0.0.0',
  '10.0.0.256',
  '10.0.0.010',
  '10.0.0.0/33',
  '10.0.0.0/',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  'g::',
  '::1/129',
  '::1.2.3',
  ':::',
])('parseCidr() refuses %j', (text) => {
  expect(parseCidr(text)).toBeUndefined()
})
