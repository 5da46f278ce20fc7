import fc from 'fast-check'
import { expect, test } from 'vitest'
import { escapedHtml } from '../../../src/core/html-text.ts'

test('escapedHtml() leaves nothing that makes a tag, an attribute or an entity, and loses nothing', () => {
  const back = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'<>&"\'#;=a中') }), (text) => {
      const shown = escapedHtml(text)
      expect(shown).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/)
      const read = shown.replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: keyof typeof back) => back[name])
      expect(read).toBe(text)
    }),
  )
})
