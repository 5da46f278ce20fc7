import { createHash } from 'node:crypto'
import { escapedHtml } from '../core/html-text.ts'

const style =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}dt{font-weight:600}dd{margin:0 0 .75rem;overflow-wrap:anywhere;white-space:pre-wrap}label{display:block;margin:.75rem 0}input{width:100%;box-sizing:border-box;font:inherit}button{font:inherit;padding:.4rem 1rem;margin:.75rem .75rem 0 0}'
const styleHash = createHash('sha256').update(style).digest('base64')

/** Nothing runs, nothing is loaded, nobody frames it; its one form comes back here. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`

/** HTML that was made here; whatever else goes into a page is escaped. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** A template whose values are escaped, unless they are HTML already. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  return new Html(parts.map((part, index) => part + textOf(values[index] ?? '')).join(''))
}

/** A whole page. */
export function page(title: string, content: Html, language: 'en' | 'zh' = 'en'): string {
  const head = html`<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="robots" content="noindex"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${new Html(style)}</style></head>`
  return html`${head}<body><h1>${title}</h1>${content}</body></html>`.text
}

function textOf(value: string | Html | readonly Html[]): string {
  if (value instanceof Html) return value.text
  return typeof value === 'string' ? escapedHtml(value) : value.map(({ text }) => text).join('')
}
