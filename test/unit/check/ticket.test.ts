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

  test('is text that a header or a metadata string can carry', () => {
    expect(signer.sign(ticket())).toMatch(/^[A-Za-z0-9_.-]+$/)
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
    const [payload = '', signature] = createTicketSigner(key).sign(ticket()).split('.')
    expect(signature).toBe(createHmac('sha256', key).update(payload).digest('base64url').slice(0, 22))
  })

  test('is forged when signed with another key', () => {
    const foreign = createTicketSigner(Buffer.from('another key of thirty-two bytes!'))
    expect(signer.open(foreign.sign(ticket()), noonMs)).toBe('forged')
  })

  test.each(['', '.', 'x', 'a.b', `${'A'.repeat(9_000)}.${'B'.repeat(22)}`])('is forged when it is %j', (text) => {
    expect(signer.open(text, noonMs)).toBe('forged')
  })

  test('is old after 48 hours and not before', () => {
    const text = signer.sign(ticket())
    expect(signer.open(text, noonMs + 48 * hour)).toEqual(ticket())
    expect(signer.open(text, noonMs + 48 * hour + 1)).toBe('old')
  })
})
