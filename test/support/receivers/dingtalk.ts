import { createHmac } from 'node:crypto'
import { type Robot, startRobot } from './robot.ts'

export interface DingtalkRules {
  /** Messages must be signed with it. */
  readonly secret?: string
  /** Messages must hold it. */
  readonly keyword?: string
}

const token = '566cc69da782ec7fbc0c2b1ca1c8cbbd'
const hourMs = 3_600_000

/** A custom robot of DingTalk as https://open.dingtalk.com/document/orgapp/custom-robot-access has it. */
export function startDingtalk({ secret, keyword }: DingtalkRules = {}): Promise<Robot> {
  return startRobot({
    path: `/robot/send?access_token=${token}`,
    perMinuteMax: 20,
    tooMany: { code: 130101, text: 'send too fast, exceed 20 times per minute' },
    unread: { code: 40035, text: '不合法的参数' },
    judge: (body, { path, text }) => {
      const query = new URL(path, 'http://robot').searchParams
      if (query.get('access_token') !== token) return { code: 300001, text: 'token is not exist' }
      const timestamp = Number(query.get('timestamp'))
      if (secret !== undefined) {
        if (Math.abs(Date.now() - timestamp) > hourMs) return { code: 310000, text: 'invalid timestamp' }
        const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64')
        if (query.get('sign') !== sign)
          return { code: 310000, text: 'sign not match, more: [https://ding-doc.dingtalk.com/]' }
      }
      if (keyword !== undefined && !text.includes(keyword)) {
        return { code: 310000, text: 'keywords not in content, more: [https://ding-doc.dingtalk.com/]' }
      }
      if (Buffer.byteLength(text) > 20_000) return { code: 460101, text: 'message too long, exceed 20000 bytes' }
      if (body['msgtype'] !== 'markdown') return { code: 400105, text: '不支持的消息类型' }
      return { code: 0, text: 'ok' }
    },
    reply: ({ code, text }) => ({ status: 200, text: JSON.stringify({ errcode: code, errmsg: text }) }),
  })
}
