import { createHmac } from 'node:crypto'
import type { Sender } from '../alerts/ports.ts'
import { cutToBytes } from './cut-text.ts'
import { groupTitle, markdownOf, plainMarkdown } from './markdown-text.ts'
import { type RobotAnswers, robotResult } from './robot-result.ts'
import { openChannel, type SendTools } from './send-tools.ts'

/** Of a body of 20,000 bytes; the rest is left for JSON's own signs. */
const textBytesMax = 15_000
const titleBytesMax = 200

/** https://open.dingtalk.com/document/orgapp/custom-robot-access, "error codes". */
const answers: RobotAnswers = {
  codeFields: ['errcode'],
  textFields: ['errmsg'],
  codes: {
    [-1]: 'again', // busy
    40035: 'refused', // not JSON as they want it
    43004: 'refused', // wrong content type
    90030: 'slower', // webhook over limit
    130101: 'slower', // send too fast
    300001: 'gone', // token is not exist
    300005: 'gone', // token is not exist
    310000: 'refused', // keyword, signature or address
    400013: 'gone', // the group was dissolved
    400101: 'gone', // no such access_token
    400102: 'gone', // the robot is switched off
    400105: 'refused', // type of message
    400106: 'gone', // no such robot
    410100: 'slower',
    430101: 'refused', // an unsafe link
    430102: 'refused', // unfit text
    430103: 'refused',
    430104: 'refused',
    460101: 'refused', // too long
  },
  texts: [{ pattern: /too fast|over limit|限流/i, means: 'slower' }],
  // Above 20 a minute a robot is silent for ten.
  pauseMs: 600_000,
}

/**
 * Custom robots of DingTalk (钉钉): markdown, 20 messages a minute, optionally signed: milliseconds and the base64 HMAC-SHA256 of
 * `timestamp\nsecret` in the query, valid for an hour. Nobody is mentioned: `at` says so.
 * Source: https://open.dingtalk.com/document/orgapp/custom-robot-access and …/customize-robot-security-settings.
 */
export function createDingtalkSender(tools: SendTools): Sender {
  return {
    kind: 'dingtalk',
    perMinuteMax: 20,
    send: async (channel, message) => {
      const opened = await openChannel(channel, tools)
      if (opened.kind !== 'opened') return opened
      const text = markdownOf(message, { language: channel.language, separator: '\n\n', bytesMax: textBytesMax })
      const title = cutToBytes(plainMarkdown(groupTitle(message)), titleBytesMax)
      const body = JSON.stringify({ msgtype: 'markdown', markdown: { title, text }, at: { isAtAll: false } })
      const url = signedUrl(opened.target, opened.signingSecrets[0], tools.nowMs())
      return robotResult(
        await tools.post({ url, body, isPrivateTarget: channel.isPrivateTarget }),
        answers,
        tools.nowMs(),
      )
    },
  }
}

function signedUrl(target: string, secret: string | undefined, nowMs: number): string {
  if (secret === undefined || !URL.canParse(target)) return target
  const url = new URL(target)
  url.searchParams.set('timestamp', String(nowMs))
  url.searchParams.set('sign', createHmac('sha256', secret).update(`${nowMs}\n${secret}`).digest('base64'))
  return url.href
}
