import { describe, expect, test } from 'vitest'
import type { Message } from '../../../src/alerts/ports.ts'
import { markdownOf, plainMarkdown } from '../../../src/notify/markdown-text.ts'

const message: Message = {
  id: 'evt_1',
  title: 'alice asks for more',
  paragraphs: ['限额用完。'.repeat(400)],
  url: 'https://tollgate.example/requests/r-1',
  thread: 't',
  events: [],
  body: {},
}

describe('markdownOf()', () => {
  test.each([2_048, 4_096])('stays within %i bytes, keeps the link whole and no character in half', (bytesMax) => {
    const text = markdownOf(message, { language: 'zh', separator: '\n', bytesMax })
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(bytesMax)
    expect(Buffer.byteLength(text)).toBeGreaterThan(bytesMax - 4)
    expect(text).toMatch(/…\n\[打开 Tollgate\]\(https:\/\/tollgate\.example\/requests\/r-1\)$/)
    expect(text).not.toContain('\uFFFD')
  })
})

describe('plainMarkdown()', () => {
  test.each([
    '<@all>',
    '<@userid>',
    '@all',
    '[free credits](https://evil.example)',
    '![picture](https://evil.example/p.png)',
    '**bold** and `code`',
    '# heading',
    '> quote',
    '<font color="warning">x</font>',
    '<at user_id="all">x</at>',
  ])('leaves nothing in %s that a robot would act on', (text) => {
    expect(plainMarkdown(text)).not.toMatch(/[<>[\]*#`!@|~]/)
  })

  test('leaves names as they are', () => {
    expect(plainMarkdown('torch_vision-2.0 (daily) 限额')).toBe('torch_vision-2.0 (daily) 限额')
  })
})
