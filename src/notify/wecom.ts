import type { Sender } from '../alerts/ports.ts'
import { markdownOf } from './markdown-text.ts'
import { type RobotAnswers, robotResult } from './robot-result.ts'
import { openChannel, type SendTools } from './send-tools.ts'

const bytesMax = 4_096

/** https://developer.work.weixin.qq.com/document/path/90313, the list of global codes. */
const answers: RobotAnswers = {
  codeFields: ['errcode'],
  textFields: ['errmsg'],
  codes: {
    [-1]: 'again', // busy
    40008: 'refused', // unknown type of message
    40058: 'refused', // a field is wrong or too long
    44004: 'refused', // empty
    45002: 'refused', // too long
    45009: 'slower',
    45033: 'slower', // too many at once
    93000: 'gone', // no such key, or the robot was removed
    93004: 'gone', // the robot is switched off
    93008: 'gone', // it is in no group any more
  },
  texts: [{ pattern: /freq|concurrent/i, means: 'slower' }],
  pauseMs: 60_000,
}

/**
 * Group robots of WeCom (企业微信): markdown of at most 4,096 bytes, 20 messages a minute, the key in the URL is the secret.
 * Source: https://developer.work.weixin.qq.com/document/path/91770.
 */
export function createWecomSender(tools: SendTools): Sender {
  return {
    kind: 'wecom',
    perMinuteMax: 20,
    send: async (channel, message) => {
      const opened = await openChannel(channel, tools)
      if (opened.kind !== 'opened') return opened
      const content = markdownOf(message, { language: channel.language, separator: '\n', bytesMax })
      const body = JSON.stringify({ msgtype: 'markdown', markdown: { content } })
      const answer = await tools.post({ url: opened.target, body, isPrivateTarget: channel.isPrivateTarget })
      return robotResult(answer, answers, tools.nowMs())
    },
  }
}
