import { createHash } from 'node:crypto'
import type { Channel, Message } from '../alerts/ports.ts'
import { escapedHtml } from '../core/html-text.ts'
import { cutToBytes, oneLine } from './cut-text.ts'
import { linkWord } from './markdown-text.ts'

const subjectBytesMax = 200
const paragraphBytesMax = 4_000

/** A message as mail: both texts say the same, and headers put all about one limit in one window into one thread. */
export function mailOf(message: Message, { id, language }: Pick<Channel, 'id' | 'language'>, domain: string) {
  const paragraphs = message.paragraphs.map((paragraph) => cutToBytes(oneLine(paragraph), paragraphBytesMax))
  const subject = cutToBytes(oneLine(message.title), subjectBytesMax)
  // Nobody sends the mail that all refer to; mail programs hang them below it all the same (RFC 5322 §3.6.4).
  const root = `<${digestOf(message.thread, id)}@${domain}>`
  return {
    subject,
    text: [subject, ...paragraphs, ...(message.url === undefined ? [] : [message.url]), ''].join('\n\n'),
    html: htmlOf({ title: subject, paragraphs, url: message.url, language }),
    messageId: `<${digestOf(message.id, id)}.${message.events.length}@${domain}>`,
    inReplyTo: root,
    references: root,
    headers: {
      'List-ID': `Tollgate alerts <alerts.${domain}>`,
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Tollgate-Event': oneLine(message.id),
    },
  }
}

function digestOf(text: string, channel: string): string {
  return createHash('sha256').update(`${channel}\n${text}`).digest('hex').slice(0, 32)
}

interface MailPage {
  readonly title: string
  readonly paragraphs: readonly string[]
  readonly url: string | undefined
  readonly language: Channel['language']
}

function htmlOf({ title, paragraphs, url, language }: MailPage): string {
  const lines = paragraphs.map((text) => `<p>${linked(text, url)}</p>`)
  const link = url === undefined ? '' : `<p><a href="${escapedHtml(url)}">${linkWord(language)}</a></p>\n`
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}"><head><meta charset="utf-8"><title>${escapedHtml(title)}</title></head>
<body style="font-family: sans-serif; line-height: 1.5">
<h1 style="font-size: 1.2em">${escapedHtml(title)}</h1>
${lines.join('\n')}
${link}</body></html>
`
}

/** Addresses of Tollgate itself are made links; anybody else's stay text. */
function linked(text: string, url: string | undefined): string {
  const origin = url === undefined ? undefined : URL.parse(url)?.origin
  if (origin === undefined) return escapedHtml(text)
  return text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((part) =>
      part.startsWith(`${origin}/`) ? `<a href="${escapedHtml(part)}">${escapedHtml(part)}</a>` : escapedHtml(part),
    )
    .join('')
}
