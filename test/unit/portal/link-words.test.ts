import { expect, test } from 'vitest'
import { languageOf, linkWords } from '../../../src/portal/link-words.ts'

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

test.each(['en', 'zh'] as const)('what a decision rests on is said in %s, with its unit', (language) => {
  const { outlook, amount } = linkWords[language]
  const said = (facts: ReturnType<typeof outlook>) => facts.map(([, value]) => value).join('; ')
  const standing = { amount: 3_600_000, used: 1_500 }
  const gpu = said(outlook({ counts: 'gpu_ms', standing, most: 2_000 }))
  const isEn = language === 'en'
  for (const fact of isEn
    ? ['1.5 of 3600 GPU seconds', '3598.5 GPU seconds left', '2 GPU seconds at most']
    : ['1.5 / 3600 GPU 秒', '剩余 3598.5 GPU 秒', '2 GPU 秒：'])
    expect(gpu).toContain(fact)
  expect(said(outlook({ counts: 'credits', most: 0 }))).toContain(isEn ? 'an administrator may' : '须由管理员批准')
  expect(outlook({ counts: 'credits' })).toEqual([])
  expect(amount('250', 'gpu_ms')).toContain(isEn ? 'GPU milliseconds, at most 250' : 'GPU 毫秒')
})
