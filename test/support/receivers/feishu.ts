import { createHmac } from 'node:crypto'
import { type Robot, startRobot } from './robot.ts'

export interface FeishuRules {
  readonly secret?: string
  readonly keyword?: string
  /** Our address is not on its list. */
  readonly isForeign?: boolean
}

const id = '6b1a3f1e-3a6f-4d6b-9a52-0d7f6a1c2b3d'
const hourSeconds = 3_600

/** A custom bot of Feishu as https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot has it. */
export function startFeishu({ secret, keyword, isForeign = false }: FeishuRules = {}): Promise<Robot> {
  return startRobot({
    path: `/open-apis/bot/v2/hook/${id}`,
    perMinuteMax: 100,
    tooMany: { code: 11232, text: 'frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]' },
    unread: { code: 9499, text: 'Bad Request' },
    judge: (body, { path, text }) => {
      if (!path.endsWith(id)) return { code: 19001, text: 'param invalid: incoming webhook access token invalid' }
      if (Buffer.byteLength(text) > 20 * 1_024) return { code: 9499, text: 'Bad Request' }
      if (isForeign) return { code: 19022, text: 'Ip Not Allowed' }
      const { timestamp, sign, msg_type: type } = body
      if (secret !== undefined) {
        const isOld = Math.abs(Date.now() / 1_000 - Number(timestamp)) > hourSeconds
        const expected = createHmac('sha256', `${String(timestamp)}\n${secret}`)
          .update('')
          .digest('base64')
        if (isOld || sign !== expected) {
          return { code: 19021, text: 'sign match fail or timestamp is not within one hour from current time' }
        }
      }
      if (keyword !== undefined && !text.includes(keyword)) return { code: 19024, text: 'Key Words Not Found' }
      return type === 'post' ? { code: 0, text: 'success' } : { code: 19002, text: 'params error, msg_type need' }
    },
    reply: ({ code, text }) => ({ status: 200, text: JSON.stringify({ code, msg: text, data: {} }) }),
  })
}
