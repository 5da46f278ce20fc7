import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createTicketSigner } from '../../../src/check/ticket.ts'
import { noonMs, ticket } from './factories.ts'

const signer = createTicketSigner(Buffer.from('0123456789abcdef0123456789abcdef'))
const hour = 3_600_000

describe('a ticket', () => {
  test('comes back as it was signed', () => {
    expect(signer.open(signer.sign(ticket()), noonMs)).toEqual(ticket())
  })

  test('keeps names that are not ASCII', () => {
    const named = ticket({ path: '/пакет/数据' })
    expect(signer.open(signer.sign(named), noonMs)).toEqual(named)
  })

  test('is text that a metadata string can carry: well-formed Unicode without control characters', () => {
    const text = signer.sign(ticket({ path: '/a\n\u0000"\\\ud800/数据' }))
    expect(text.isWellFormed()).toBe(true)
    expect(text).not.toMatch(/\p{Cc}/u)
  })

  test.each([8_192, 2_730, 2_600])('keeps a path of %i characters of any kind', (length) => {
    for (const character of ['a', '"', '数']) {
      const long = ticket({ path: character.repeat(length) })
      expect(signer.open(signer.sign(long), noonMs)).toEqual(long)
    }
  })

  test('is forged when any character is another', () => {
    const text = signer.sign(ticket())
    for (let index = 0; index < text.length; index += 1) {
      const other = text[index] === 'A' ? 'B' : 'A'
      expect(signer.open(text.slice(0, index) + other + text.slice(index + 1), noonMs)).toBe('forged')
    }
  })

  test.each([1, 32, 64, 65, 200])('carries HMAC-SHA-256 under a key of %i bytes, cut to 128 bits', (length) => {
    const key = Buffer.alloc(length, 7)
    const text = createTicketSigner(key).sign(ticket({ path: '/数据' }))
    const [signature, payload] = [text.slice(0, 22), text.slice(23)]
    expect(text[22]).toBe('.')
    expect(signature).toBe(createHmac('sha256', key).update(payload).digest('base64url').slice(0, 22))
  })

  test('is forged when signed with another key', () => {
    const foreign = createTicketSigner(Buffer.from('another key of thirty-two bytes!'))
    expect(signer.open(foreign.sign(ticket()), noonMs)).toBe('forged')
  })

  test.each([
    '',
    '.',
    'x',
    'a.b',
    `${'B'.repeat(22)}.`,
    `${'B'.repeat(22)}.{}`,
    `${'B'.repeat(22)}.${'A'.repeat(33_000)}`,
  ])('is forged when it is %j', (text) => {
    expect(signer.open(text, noonMs)).toBe('forged')
  })

  test('is old after 48 hours and not before', () => {
    const text = signer.sign(ticket())
    expect(signer.open(text, noonMs + 48 * hour)).toEqual(ticket())
    expect(signer.open(text, noonMs + 48 * hour + 1)).toBe('old')
  })
})
