import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCredential } from '../../src/core/credential.ts'
import { looksLikeToken, makeTokenText } from '../../src/core/token-text.ts'

const token = fc.uint8Array({ minLength: 30, maxLength: 30 }).map((bytes) => {
  let round = 0
  return makeTokenText(() => bytes.map((byte) => (byte + 13 * round++) % 248))
})
const user = fc.string({ maxLength: 40 }).filter((text) => !text.includes(':'))
const basic = (pair: string) => `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`
const parse = (authorization: string) => parseCredential(new Map([['authorization', authorization]]))

test('a token comes back from every accepted form, whatever the user is called', () => {
  fc.assert(
    fc.property(token, user, (secret, name) => {
      for (const header of [`Bearer ${secret}`, basic(`${name}:${secret}`), basic(`${secret}:`)]) {
        expect(parse(header)).toEqual({ kind: 'token', secret })
      }
    }),
  )
})

test('any text is answered: none of it throws, and nothing is a token that does not look like one', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.string().map(basic),
        fc.string().map((text) => `Bearer ${text}`),
      ),
      (text) => {
        const credential = parse(text)
        expect(
          credential.kind === 'malformed' || (credential.kind === 'token' && looksLikeToken(credential.secret)),
        ).toBe(true)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('one wrong letter anywhere is found before any look-up', () => {
  fc.assert(
    fc.property(token, fc.nat(39), fc.constantFrom(...'azAZ09'), (secret, at, letter) => {
      fc.pre(secret[at] !== letter)
      expect(looksLikeToken(secret.slice(0, at) + letter + secret.slice(at + 1))).toBe(false)
    }),
  )
})
