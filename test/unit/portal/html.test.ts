import fc from 'fast-check'
import { expect, test } from 'vitest'
import { html, page, pagePolicy } from '../../../src/portal/html.ts'

test('html`` escapes what is put into it and leaves HTML of its own alone', () => {
  const inner = html`<b>${'<i>&"\''}</b>`
  expect(html`<p>${inner}${[inner]}</p>`.text).toBe(
    '<p><b>&lt;i&gt;&amp;&quot;&#39;</b><b>&lt;i&gt;&amp;&quot;&#39;</b></p>',
  )
})

test('no text makes a tag, an attribute or an entity', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'<>&"\'#;=a中') }), (text) => {
      const shown = html`${text}`.text
      expect(shown).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/)
    }),
  )
})

test('page() is whole, and its policy lets nothing run or load', () => {
  expect(page('A <title>', html`x`)).toMatch(
    /^<!doctype html><html lang="en">.*<title>A &lt;title&gt;<\/title>.*<\/html>$/,
  )
  expect(pagePolicy).toMatch(
    /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
  )
})
