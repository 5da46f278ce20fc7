import { expect, test } from 'vitest'
import { isPattern, matchesPattern } from '../../../src/policy/pattern.ts'

test.each(['torch(-.*)?', '(?i)evil', '[a-z]+', 'a|b'])('isPattern() takes %s', (pattern) => {
  expect(isPattern(pattern)).toBe(true)
})

test.each(['', '(', '[', 'a(?!b)', '(?<=a)b', '(a)\\1', 'a{1001}', 'a'.repeat(201)])(
  'isPattern() refuses %s',
  (pattern) => {
    expect(isPattern(pattern)).toBe(false)
  },
)

test('matchesPattern() matches the whole text, and nothing by a pattern that is none', () => {
  expect(matchesPattern('torch(-.*)?', 'torch-vision')).toBe(true)
  expect(matchesPattern('torch(-.*)?', 'pytorch')).toBe(false)
  expect(matchesPattern('a|b', 'ab')).toBe(false)
  expect(matchesPattern('(', '(')).toBe(false)
  expect(matchesPattern('.*', 'a'.repeat(1_001))).toBe(false)
})

test('matchesPattern() takes linear time where backtracking takes exponential', () => {
  const startMs = performance.now()
  expect(matchesPattern('(a+)+b', 'a'.repeat(1_000))).toBe(false)
  expect(performance.now() - startMs).toBeLessThan(1_000)
})
