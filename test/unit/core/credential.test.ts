import { expect, test } from 'vitest'
import { parseCredential } from '../../../src/core/credential.ts'

const secret = 'tg_AbCdEfGhIjKlMnOpQrStUvWxYz0123_0Ki3An'
const asPassword = 'X190b2tlbl9fOnRnX0FiQ2RFZkdoSWpLbE1uT3BRclN0VXZXeFl6MDEyM18wS2kzQW4='
const parse = (authorization: string) => parseCredential(new Map([['authorization', authorization]]))
const basic = (pair: string) => parse(`Basic ${Buffer.from(pair).toString('base64')}`)

test('parseCredential() answers none without an Authorization header', () => {
  expect(parseCredential(new Map())).toEqual({ kind: 'none' })
})

test.each([
  ['Bearer', `Bearer ${secret}`],
  ['bearer in lower case', `bearer ${secret}`],
  ['BEARER with blanks around', `  BEARER   ${secret} `],
  ['Basic, __token__ as user (pip, uv, poetry, pdm)', `Basic ${asPassword}`],
  ['basic in lower case', `basic ${asPassword}`],
  ['Basic, any user', 'Basic YWxpY2U6dGdfQWJDZEVmR2hJaktsTW5PcFFyU3RVdld4WXowMTIzXzBLaTNBbg=='],
  ['Basic, its padding left away', 'Basic YWxpY2U6dGdfQWJDZEVmR2hJaktsTW5PcFFyU3RVdld4WXowMTIzXzBLaTNBbg'],
  ['Basic, empty user (https://:TOKEN@host)', 'Basic OnRnX0FiQ2RFZkdoSWpLbE1uT3BRclN0VXZXeFl6MDEyM18wS2kzQW4='],
  [
    'Basic, token as user, empty password (https://TOKEN@host)',
    'Basic dGdfQWJDZEVmR2hJaktsTW5PcFFyU3RVdld4WXowMTIzXzBLaTNBbjo=',
  ],
])('parseCredential() finds the token in %s', (_, authorization) => {
  expect(parse(authorization)).toEqual({ kind: 'token', secret })
})

test.each([
  ['an empty value', ''],
  ['a scheme alone', 'Bearer'],
  ['two headers joined by Envoy', `Basic ${asPassword},Bearer ${secret}`],
  ['two tokens', `Bearer ${secret} ${secret}`],
  ['an unknown scheme', `Digest ${secret}`],
  ['a token without scheme', secret],
  ['a text that is no token', 'Bearer hunter2'],
  ['a token with a typing error', `Bearer ${secret.replace('Ab', 'ab')}`],
  ['base64 with strange letters', 'Basic X190b2t*bl9f'],
  ['base64 of impossible length', 'Basic X190b'],
  ['padding in the middle', 'Basic X190=b2tlbl9f'],
  ['Basic without a colon', 'Basic dGdfQWJDZEVmR2hJaktsTW5PcFFyU3RVdld4WXowMTIzXzBLaTNBbg=='],
  ['Basic with neither user nor password', 'Basic Og=='],
  ['a header without end', `Bearer ${'a'.repeat(5_000)}`],
])('parseCredential() calls %s malformed', (_, authorization) => {
  expect(parse(authorization)).toEqual({ kind: 'malformed' })
})

test('parseCredential() ends the user at the first colon', () => {
  expect(basic(`alice:${secret}`)).toEqual({ kind: 'token', secret })
  expect(basic(`a:b:${secret}`)).toEqual({ kind: 'malformed' })
})

test('parseCredential() prefers the password when both are tokens', () => {
  expect(basic(`tg_000000000000000000000000000000_4fdrUr:${secret}`)).toEqual({ kind: 'token', secret })
})

test('parseCredential() does not take the user for the token when there is a password', () => {
  expect(basic(`${secret}:x`)).toEqual({ kind: 'malformed' })
})
