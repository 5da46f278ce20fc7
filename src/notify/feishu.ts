import { createHmac } from 'node:crypto'
import type { Channel, Message, Sender } from '../alerts/ports.ts'
import { cutToBytes, oneLine } from './cut-text.ts'
import { groupTitle, linkWord } from './markdown-text.ts'
import { type RobotAnswers, robotResult } from './robot-result.ts'
import { openChannel, type SendTools } from './send-tools.ts'

/** Of a body of 20 KB; the rest is left for JSON's own signs. */
const textBytesMax = 12_000
const titleBytesMax = 300

/** https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot, "error codes". */
const answers: RobotAnswers = {
  codeFields: ['code', 'StatusCode'],
  textFields: ['msg', 'StatusMessage'],
  codes: {
    9499: 'refused', // Bad Request: form or size of the body
    11232: 'slower', // frequency limited
    19001: 'gone', // incoming webhook access token invalid
    19002: 'refused', // type of message
    19021: 'refused', // signature, or a clock that is more than an hour off
    19022: 'refused', // our address is not on the robot's list
    19024: 'refused', // the keyword is missing
  },
  texts: [
    { code: 9499, pattern: /frequen|too many/i, means: 'slower' },
    { pattern: /frequen|too many request|rate limit/i, means: 'slower' },
  ],
  pauseMs: 60_000,
}

/**
 * Custom bots of Feishu (飞书) and Lark: rich text, whose pieces are plain text and never markup or a mention; optionally signed: seconds and the
 * base64 HMAC-SHA256 of nothing under the key `timestamp\nsecret`, valid for an hour. Theirs are 100 messages a minute and 5 a second to all bots
 * of an organisation; 20 a minute leave room for others.
 * Source: https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot.
 */
export function createFeishuSender(tools: SendTools): Sender {
  return {
    kind: 'feishu',
    perMinuteMax: 20,
    send: async (channel, message) => {
      const opened = await openChannel(channel, tools)
      if (opened.kind !== 'opened') return opened
      const signature = signatureOf(opened.signingSecrets[0], tools.nowMs())
      const body = JSON.stringify({
        ...signature,
        msg_type: 'post',
        content: { post: postOf(message, channel.language) },
      })
      const { isPrivateTarget } = channel
      return robotResult(await tools.post({ url: opened.target, body, isPrivateTarget }), answers, tools.nowMs())
    },
  }
}

function signatureOf(secret: string | undefined, nowMs: number) {
  if (secret === undefined) return {}
  const timestamp = String(Math.floor(nowMs / 1_000))
  return { timestamp, sign: createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64') }
}

function postOf(message: Message, language: Channel['language']) {
  const text = cutToBytes(message.paragraphs.map((paragraph) => plain(oneLine(paragraph))).join('\n'), textBytesMax)
  const lines = text.split('\n').map((line) => [{ tag: 'text', text: line }])
  const link = message.url === undefined ? [] : [[{ tag: 'a', text: linkWord(language), href: message.url }]]
  const title = cutToBytes(plain(groupTitle(message)), titleBytesMax)
  return { [language === 'zh' ? 'zh_cn' : 'en_us']: { title, content: [...lines, ...link] } }
}

/** Pieces of text are shown as they are; `<at …>`, which means a mention in their plain messages, is defused all the same. */
function plain(text: string): string {
  return text.replaceAll('<', '＜')
}
