import type { Channel, Message, Sender, SendResult } from '../alerts/ports.ts'
import { cutToLength, oneLine } from './cut-text.ts'
import { httpResult, quoted } from './http-result.ts'
import { linkWord } from './markdown-text.ts'
import type { Answer } from './post.ts'
import { openChannel, type SendTools } from './send-tools.ts'

/** Of a section's text 3,000 characters are taken; of `text`, which notifications show, 40,000. */
const blockLengthMax = 3_000
const textLengthMax = 4_000

/** https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and …/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks */
const meanings: Readonly<Record<string, 'gone' | 'refused'>> = {
  no_service: 'gone',
  no_active_hooks: 'gone',
  no_service_id: 'gone',
  no_team: 'gone',
  team_disabled: 'gone',
  invalid_token: 'gone',
  channel_not_found: 'gone',
  channel_is_archived: 'gone',
  invalid_payload: 'refused',
  invalid_blocks: 'refused',
  invalid_blocks_format: 'refused',
  no_text: 'refused',
  missing_text_or_fallback_or_attachments: 'refused',
  too_many_attachments: 'refused',
  user_not_found: 'refused',
  action_prohibited: 'refused',
  posting_to_general_channel_denied: 'refused',
}

/**
 * Incoming webhooks of Slack: one message a second is taken, which is 60 a minute; success is 200 and the text `ok`. Text is escaped as Slack asks
 * (`&`, `<`, `>`) and marked verbatim, so that no name or reason becomes a link or a mention.
 * Source: https://docs.slack.dev/messaging/formatting-message-text and …/apis/web-api/rate-limits.
 */
export function createSlackSender(tools: SendTools): Sender {
  return {
    kind: 'slack',
    perMinuteMax: 60,
    send: async (channel, message) => {
      const opened = await openChannel(channel, tools)
      if (opened.kind !== 'opened') return opened
      const body = JSON.stringify(payloadOf(message, channel.language))
      const answer = await tools.post({ url: opened.target, body, isPrivateTarget: channel.isPrivateTarget })
      return resultOf(answer, tools.nowMs())
    },
  }
}

function resultOf(answer: Answer, nowMs: number): SendResult {
  if (answer.kind !== 'answered') return httpResult(answer, nowMs)
  const text = answer.text.trim()
  const why = `Slack answered ${answer.status}${quoted(text)}`
  if (answer.status === 200) return text === 'ok' ? { kind: 'sent' } : { kind: meanings[text] ?? 'again', why }
  const means = meanings[text]
  return means === undefined ? httpResult(answer, nowMs) : { kind: means, why }
}

function payloadOf(message: Message, language: Channel['language']) {
  const title = escaped(message.title)
  const paragraphs = message.paragraphs.map(escaped)
  const link = message.url === undefined ? [] : [`<${escaped(message.url)}|${linkWord(language)}>`]
  const blocks = [`*${title}*`, paragraphs.join('\n'), ...link].filter((text) => text !== '').map(section)
  return { text: cutEscaped([title, ...paragraphs].join('\n'), textLengthMax), unfurl_links: false, blocks }
}

function section(text: string) {
  return { type: 'section', text: { type: 'mrkdwn', text: cutEscaped(text, blockLengthMax), verbatim: true } }
}

function escaped(text: string): string {
  return oneLine(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** A cut must not leave half of an escape. */
function cutEscaped(text: string, lengthMax: number): string {
  return cutToLength(text, lengthMax).replace(/&[a-z]{0,3}…$/, '…')
}
