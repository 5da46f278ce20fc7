import { describe, expect, test } from 'vitest'
import { httpResult, quoted, retryAfterOf } from '../../../src/notify/http-result.ts'

const nowMs = Date.UTC(2026, 10, 22, 12)
const answered = (status: number, text = '', headers = {}) => ({ kind: 'answered', status, headers, text }) as const

describe('httpResult()', () => {
  test.each([
    [200, 'sent'],
    [202, 'sent'],
    [204, 'sent'],
    [410, 'gone'],
    [429, 'slower'],
    [301, 'refused'],
    [302, 'refused'],
    [307, 'refused'],
    [304, 'refused'],
    [413, 'refused'],
    [415, 'refused'],
    [422, 'refused'],
    [400, 'again'],
    [401, 'again'],
    [403, 'again'],
    [404, 'again'],
    [405, 'again'],
    [408, 'again'],
    [500, 'again'],
    [502, 'again'],
    [503, 'again'],
    [504, 'again'],
  ])('takes %i for %s', (status, kind) => {
    expect(httpResult(answered(status), nowMs).kind).toBe(kind)
  })

  test('says how long to wait, of 429 and of anything that is tried again', () => {
    expect(httpResult(answered(429, '', { 'retry-after': '7' }), nowMs)).toMatchObject({
      kind: 'slower',
      retryAfterMs: 7_000,
    })
    expect(httpResult(answered(503, '', { 'retry-after': '2' }), nowMs)).toMatchObject({
      kind: 'again',
      retryAfterMs: 2_000,
    })
    expect(httpResult(answered(429), nowMs)).not.toHaveProperty('retryAfterMs')
  })

  test('names the redirect and where it leads nowhere', () => {
    const result = httpResult(answered(302, '', { location: 'http://169.254.169.254/' }), nowMs)
    expect(result).toEqual({
      kind: 'refused',
      why: 'The target answered 302, a redirect, which is not followed: write the final address',
    })
  })
})

describe('retryAfterOf()', () => {
  test.each([
    ['120', 120_000],
    ['0', 0],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['9999999', 3_600_000],
    ['99999999999999', undefined],
    ['soon', undefined],
    ['-5', undefined],
    [undefined, undefined],
  ])('reads %s', (text, expected) => {
    expect(retryAfterOf(text, nowMs)).toBe(expected)
  })
})

describe('quoted()', () => {
  test('is one short line without control characters', () => {
    expect(quoted('<h1>\r\n\u001b[31mno</h1>')).toBe(': <h1> [31mno</h1>')
    expect([...quoted('😀'.repeat(5_000))].length).toBeLessThanOrEqual(203)
    expect(quoted(' \n')).toBe('')
  })
})
