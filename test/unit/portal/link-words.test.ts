import { expect, test } from 'vitest'
import { languageOf } from '../../../src/portal/link-words.ts'

test.each([
  [undefined, 'en'],
  ['', 'en'],
  ['fr, de', 'en'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['en-GB, zh', 'en'],
  ['fr, zh-TW', 'zh'],
  [`${'x,'.repeat(10_000)}zh`, 'en'],
])('languageOf(%j) is %s', (header, language) => {
  expect(languageOf(header)).toBe(language)
})
