import type { Channel, Message } from '../alerts/ports.ts'
import { cutToBytes, oneLine } from './cut-text.ts'

const linkWords: Readonly<Record<Channel['language'], string>> = { en: 'Open Tollgate', zh: '打开 Tollgate' }

/** What a link to Tollgate is called. */
export function linkWord(language: Channel['language']): string {
  return linkWords[language]
}

/** Title of a message in a group: it begins with a word that robots with a keyword rule can be given. */
export function groupTitle(message: Message): string {
  return `Tollgate: ${oneLine(message.title)}`
}

/**
 * A message as the small markdown of the robots: title in bold, paragraphs, and the link, which is never cut. `separator` parts paragraphs. At most
 * `bytesMax` bytes of UTF-8.
 */
export function markdownOf(
  message: Message,
  how: { readonly language: Channel['language']; readonly separator: string; readonly bytesMax: number },
): string {
  const lines = [
    `**${plainMarkdown(groupTitle(message))}**`,
    ...message.paragraphs.map((text) => plainMarkdown(oneLine(text))),
  ]
  const link = message.url === undefined ? '' : `${how.separator}[${linkWord(how.language)}](${message.url})`
  return cutToBytes(lines.join(how.separator), how.bytesMax - Buffer.byteLength(link)) + link
}

/** Their markdown has no escapes, so what could be markup or a mention becomes its full-width twin, which looks the same and does nothing. */
const twins: Readonly<Record<string, string>> = {
  '<': '＜',
  '>': '＞',
  '[': '［',
  ']': '］',
  '*': '＊',
  '#': '＃',
  '`': '｀',
  '!': '！',
  '@': '＠',
  '|': '｜',
  '~': '～',
}

/** What people wrote, so that nothing in it is a link, a mention, a picture or a heading. */
export function plainMarkdown(text: string): string {
  return text.replaceAll(/[<>[\]*#`!@|~]/g, (character) => twins[character] ?? '')
}
