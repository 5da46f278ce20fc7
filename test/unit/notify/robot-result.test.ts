import { describe, expect, test } from 'vitest'
import { type RobotAnswers, robotResult } from '../../../src/notify/robot-result.ts'

const robot: RobotAnswers = {
  codeFields: ['errcode'],
  textFields: ['errmsg'],
  codes: { 1: 'gone', 2: 'slower', 3: 'refused' },
  texts: [
    { code: 3, pattern: /busy/, means: 'again' },
    { pattern: /too fast/, means: 'slower' },
  ],
  pauseMs: 60_000,
}
const resultOf = (text: string, status = 200) => robotResult({ kind: 'answered', status, headers: {}, text }, robot, 0)

describe('robotResult()', () => {
  test('takes code 0 alone for success', () => {
    expect(resultOf('{"errcode":0,"errmsg":"ok"}')).toEqual({ kind: 'sent' })
    expect(resultOf('{"errcode":0}', 500).kind).toBe('again')
  })

  test.each([
    '',
    'ok',
    '<html>',
    '{',
    '[]',
    'null',
    '0',
    '{}',
    '{"errcode":"0"}',
    '{"errcode":null}',
    '{"errmsg":"ok"}',
  ])('does not take %s for success, though it is HTTP 200', (text) => {
    expect(resultOf(text).kind).toBe('again')
  })

  test('knows codes, codes by their text, texts of other codes, and tries again what it does not know', () => {
    expect(resultOf('{"errcode":1,"errmsg":"no such key"}')).toEqual({
      kind: 'gone',
      why: 'The robot answered 1: no such key',
    })
    expect(resultOf('{"errcode":2}')).toMatchObject({ kind: 'slower', retryAfterMs: 60_000 })
    expect(resultOf('{"errcode":3,"errmsg":"bad"}').kind).toBe('refused')
    expect(resultOf('{"errcode":3,"errmsg":"busy"}').kind).toBe('again')
    expect(resultOf('{"errcode":77,"errmsg":"too fast"}').kind).toBe('slower')
    expect(resultOf('{"errcode":77,"errmsg":"what"}').kind).toBe('again')
    expect(resultOf('{"errcode":1}', 400).kind).toBe('gone')
  })
})
